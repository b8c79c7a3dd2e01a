#!/usr/bin/env python3
"""Verify a PlantGov evidence bundle without PlantGov: Python 3.9 or newer, nothing to install, no network.

    python verify.py BUNDLE.zip|FOLDER [--fingerprint HEX | --key PUBLIC.pem] [--since CHECKPOINT.txt] [--json]

Ends with 0 if everything holds and the signing key is the one you named, 1 if something is wrong (each thing is
named), 2 if no answer was possible: the bundle cannot be read, or you named no key, and then nothing can say who
made it. The key's fingerprint has to reach you by another way than the bundle. The format is described in
docs/reference/bundle-format.md of the project. SPDX-License-Identifier: Apache-2.0
"""

import argparse
import base64
import binascii
import csv
import hashlib
import io
import json
import re
import sys
import zipfile
from pathlib import Path, PurePosixPath

SCHEMA = "plantgov.bundle/1"
MANIFEST_TITLE = "plantgov evidence bundle"
DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
UNLISTED = {"manifest.json", "manifest.sig"}
OWN_FILES = UNLISTED | {"checkpoint.txt", "entries.jsonl", "proofs.json", "personal.json", "ledger.csv"}
OWN_FILES |= {"verify.py", "VERIFY.md"}
COLUMNS = ("entry", "seq", "at", "action", "actor", "acting_for", "role", "rule", "reason", "kind", "thing")
LARGEST_FILE = 512 * 1024 * 1024


class Unreadable(Exception):
    """There is nothing that could be verified."""


class Wrong(Exception):
    """One thing does not hold."""


# -- Ed25519 (RFC 8032), verification only: strict, and slow enough to be read -------------------------------
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def _x_of(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(data):
    """Decode a point; None for what is none or is not written in its one way."""
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = _x_of(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result


def _encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (_x_of(_BASE_Y, 0), _BASE_Y, 1, _x_of(_BASE_Y, 0) * _BASE_Y % P)


def ed25519_holds(public_key, message, signature):
    """Whether `signature` is the key's over `message`."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, scalar = _point(public_key), int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER or _encode(_times(8, key)) == _encode((0, 1, 1, 0)):
        return False
    challenge = (
        int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    )
    minus_key = (P - key[0], key[1], 1, P - key[3])
    return _encode(_add(_times(scalar, BASE), _times(challenge, minus_key))) == signature[:32]


# -- Keys and signed notes (C2SP signed-note, tlog-checkpoint) -----------------------------------------------
def strict_base64(text, what):
    """Decode base64 that is written in its one way."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Wrong(f"{what} is no base64") from error
    if base64.b64encode(data).decode() != text:
        raise Wrong(f"{what} is base64 with stray bits")
    return data


def read_key(text, what):
    """The 32 bytes of an Ed25519 public key in PEM."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines[:1] != ["-----BEGIN PUBLIC KEY-----"] or lines[-1:] != ["-----END PUBLIC KEY-----"]:
        raise Wrong(f"{what} is no public key in PEM")
    der = strict_base64("".join(lines[1:-1]), what)
    if len(der) != 44 or not der.startswith(DER_PREFIX):
        raise Wrong(f"{what} is no Ed25519 key")
    return der[len(DER_PREFIX) :]


def fingerprint(public_key):
    """SHA-256 of the key as DER, as `openssl pkey -pubin -outform DER | sha256sum` says it."""
    return hashlib.sha256(DER_PREFIX + public_key).hexdigest()


def open_note(data, keys, what):
    """The lines of a signed note's text and the key that signed it. `keys` are tried by their hash."""
    try:
        text, _, tail = data.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError as error:
        raise Wrong(f"{what} is no text") from error
    match = re.fullmatch("\u2014 ([^ +\\s]+) ([A-Za-z0-9+/=]+)\n", tail)
    if not text or match is None:
        raise Wrong(f"{what} is no signed note with one signature")
    text += "\n"
    name, blob = match[1], strict_base64(match[2], f"the signature of {what}")
    for key in keys:
        if blob[:4] == hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]:
            if ed25519_holds(key, text.encode("utf-8"), blob[4:]):
                return text.split("\n")[:-1], name, key
            raise Wrong(f"{what}: the signature does not hold (key {fingerprint(key)[:16]}…)")
    raise Wrong(f"{what} is signed by a key that is not the expected one")


def read_checkpoint(data, keys, what):
    """Origin, size, root and signing key of a checkpoint."""
    lines, name, key = open_note(data, keys, what)
    if len(lines) < 3 or not re.fullmatch(r"[1-9][0-9]*", lines[1]):
        raise Wrong(f"{what} has no tree size")
    if lines[0] != name:
        raise Wrong(f"{what} speaks for {lines[0]} but is signed as {name}")
    root = strict_base64(lines[2], f"the root in {what}")
    if len(root) != 32:
        raise Wrong(f"the root in {what} is no SHA-256")
    return {"origin": lines[0], "size": int(lines[1]), "root": root, "key": key, "more": lines[3:]}


# -- The Merkle tree (RFC 9162, sections 2.1.3.2 and 2.1.4.2) ------------------------------------------------
def _node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_inclusion(index, size, leaf, path):
    """The root that a leaf and its path lead to; None if the path has the wrong length."""
    fn, sn = index, size - 1
    for part in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            leaf = _node(part, leaf)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            leaf = _node(leaf, part)
        fn, sn = fn >> 1, sn >> 1
    return leaf if sn == 0 else None


def is_consistent(old, new, old_root, new_root, path):
    """Whether the tree of `old` leaves is the beginning of the one of `new`."""
    if old == new:
        return not path and old_root == new_root
    if not 0 < old < new or not path:
        return False
    parts = list(path) if old & (old - 1) else [old_root, *path]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = parts[0]
    for part in parts[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = _node(part, first), _node(part, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = _node(second, part)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old_root and second == new_root


# -- Canonical JSON (RFC 8785) -------------------------------------------------------------------------------
def _no_float(text):
    raise ValueError(f"{text} is no integer")


def _once(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def parse(text):
    """JSON without floats and without a name that stands twice."""
    return json.loads(text, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_once)


def canonical(value):
    """The bytes that RFC 8785 gives a value of strings, integers, lists and objects."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        inside = b",".join(canonical(name) + b":" + canonical(value[name]) for name in names)
        return b"{" + inside + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


# -- What people read, held against the entries ------------------------------------------------------------------
def safe_cell(value):
    """A value as PlantGov writes it into a CSV file, so that no spreadsheet takes it for a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "|") else text


def facts_of(entry):
    """What a table may repeat of an entry, by the names of its columns."""
    thing = entry.get("thing") or {}
    facts = {name: entry.get(name) for name in ("at", "action", "role", "rule", "reason")}
    facts.update(
        entry=entry.get("uid"), seq=thing.get("seq"), kind=thing.get("kind"), thing=thing.get("label")
    )
    facts.update({name: (entry.get(name) or {}).get("label") for name in ("actor", "acting_for")})
    return facts


def replay(entries):
    """The last values of each row by (table, key), from its entries in order."""
    rows: dict = {}
    for entry in entries:
        where = (entry["row"]["table"], entry["row"]["key"])
        known, after = rows.get(where), entry["after"]
        if entry["before"] is None and known is not None:
            continue  # something that happened to the row, not a write to it
        rows[where] = {} if after is None else {**(known or {}), **after}
    return rows


def rows_in(value):
    """Every object of a JSON document that says which row it repeats."""
    if isinstance(value, dict):
        if isinstance(value.get("row"), dict) and {"table", "key"} <= set(value["row"]):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from rows_in(item)


# -- Bundles -------------------------------------------------------------------------------------------------
def read_bundle(path):
    """Every file of a bundle by its name."""
    path = Path(path)
    try:
        files = _read_folder(path) if path.is_dir() else _read_zip(path)
    except Unreadable:
        raise
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error
    except Exception as error:  # zlib.error and whatever else a damaged archive makes its reader raise
        raise Unreadable(f"{path} is damaged: {type(error).__name__}") from error
    if "manifest.json" not in files:
        raise Unreadable(f"{path} is no evidence bundle: it has no manifest.json")
    return files


def _read_folder(path):
    found = sorted(one for one in path.rglob("*") if one.is_file() or one.is_symlink())
    if any(one.is_symlink() for one in found):
        raise Unreadable(f"{path} holds symbolic links")
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in found}


def _read_zip(path):
    with zipfile.ZipFile(path) as archive:
        names = [info.filename for info in archive.infolist()]
        for info in archive.infolist():
            parts = PurePosixPath(info.filename)
            if parts.is_absolute() or ".." in parts.parts or "\\" in info.filename or info.is_dir():
                raise Unreadable(f"{path} holds a file with a name that leads elsewhere: {info.filename!r}")
            if names.count(info.filename) > 1:
                raise Unreadable(f"{path} holds {info.filename!r} twice")
            if info.file_size > LARGEST_FILE:
                raise Unreadable(f"{info.filename!r} is larger than {LARGEST_FILE} bytes")
        return {name: archive.read(name) for name in names}


class Verification:
    """One look at one bundle: what holds, and everything that does not."""

    def __init__(self, files, keys=None, since=None):
        """`keys` are those named by the reader; without them the bundle's own are used."""
        self.files, self.outside, self.since = files, keys, since
        self.problems, self.notes, self.facts, self.entries = [], [], {}, {}
        self.manifest, self.keys, self.inside = {}, [], []

    def attempt(self, check, *arguments):
        """Run one check; note what is wrong and go on to the next."""
        try:
            return check(*arguments)
        except Wrong as wrong:
            self.problems.append(str(wrong))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
            self.problems.append(f"{check.__name__.strip('_')}: not written as the format says ({error!r})")
        return None

    def run(self):
        """Make every check; True if nothing is wrong."""
        self.manifest = self.attempt(self._read_manifest) or {}
        if self.problems:
            return False
        self.attempt(self._check_files)
        self.keys = self.attempt(self._find_keys) or []
        self.attempt(self._check_manifest_signature)
        head = self.attempt(self._read_head)
        self.attempt(self._read_entries)
        if head:
            proofs = self.attempt(self._read_proofs, head) or {}
            for index in sorted(self.entries):
                self.attempt(self._check_entry, index, proofs.get(index), head)
            self.attempt(self._check_since, head)
        self.attempt(self._check_things)
        self.attempt(self._check_records)
        for claim in self.manifest.get("attested", []):
            self.attempt(self._check_attested, claim)
        for index, value in enumerate(self._json("personal.json", [])):
            self.attempt(self._check_personal, index, value)
        return not self.problems

    def _json(self, name, otherwise):
        if name not in self.files:
            return otherwise
        found = self.attempt(self._parse, name)
        return otherwise if found is None else found

    def _parse(self, name):
        try:
            return parse(self.files[name].decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise Wrong(f"{name} is no JSON of this format: {error}") from error

    def _read_manifest(self):
        manifest = self._parse("manifest.json")
        if manifest.get("schema") != SCHEMA:
            raise Wrong(
                f"manifest.json has the schema {manifest.get('schema')!r}; this program knows {SCHEMA}"
            )
        for name in ("files", "things", "attested"):
            if not isinstance(manifest.get(name), list):
                raise Wrong(f"manifest.json has no list {name!r}")
        return manifest

    def _check_files(self):
        listed = {item["name"]: item for item in self.manifest["files"]}
        if len(listed) != len(self.manifest["files"]):
            self.problems.append("manifest.json lists a file twice")
        for name in sorted(set(listed) - set(self.files)):
            self.problems.append(f"{name} is missing")
        for name in sorted(set(self.files) - set(listed) - UNLISTED):
            self.problems.append(f"{name} is not in the manifest")
        for name in sorted(set(listed) & set(self.files)):
            data, item = self.files[name], listed[name]
            if len(data) != item["size"]:
                self.problems.append(f"{name} has {len(data)} bytes; the manifest says {item['size']}")
            elif hashlib.sha256(data).hexdigest() != item["sha256"]:
                self.problems.append(f"{name} was altered: its SHA-256 is not the one in the manifest")

    def _find_keys(self):
        names = sorted(name for name in self.files if name.startswith("keys/") and name.endswith(".pem"))
        self.inside = [read_key(self.files[name].decode("utf-8", "replace"), name) for name in names]
        if self.outside is None:
            return self.inside
        if isinstance(self.outside, bytes):
            return [self.outside]
        named = [key for key in self.inside if fingerprint(key) == self.outside]
        if not named:
            raise Wrong(f"no key in the bundle has the fingerprint {self.outside}: somebody else signed it")
        return named

    def _check_manifest_signature(self):
        if "manifest.sig" not in self.files:
            raise Wrong("manifest.sig is missing: nobody vouches for the manifest")
        lines, name, _key = open_note(self.files["manifest.sig"], self.keys, "manifest.sig")
        digest = hashlib.sha256(self.files["manifest.json"]).hexdigest()
        if lines != [MANIFEST_TITLE, SCHEMA, f"sha256 {digest}"]:
            raise Wrong("manifest.json was altered: its SHA-256 is not the one in manifest.sig")
        self.facts["signed_as"] = name

    def _read_head(self):
        if "checkpoint.txt" not in self.files:
            raise Wrong("checkpoint.txt is missing")
        head = read_checkpoint(self.files["checkpoint.txt"], self.keys, "checkpoint.txt")
        if self.facts.get("signed_as", head["origin"]) != head["origin"]:
            raise Wrong("manifest.sig and checkpoint.txt are signed under different origins")
        self.facts.update(origin=head["origin"], tree_size=head["size"], root=head["root"].hex())
        self.facts.update(key=fingerprint(head["key"]), checkpoint=head["more"])
        if self.manifest.get("checkpoint") != {"origin": head["origin"], "size": head["size"]}:
            raise Wrong("checkpoint.txt is not the checkpoint that the manifest speaks of")
        return head

    def _read_entries(self):
        if "entries.jsonl" not in self.files:
            raise Wrong("entries.jsonl is missing")
        before = -1
        for number, line in enumerate(self.files["entries.jsonl"].decode("utf-8").splitlines(), 1):
            row = parse(line)
            index, text = row["index"], row["canonical"]
            if index in self.entries:
                self.problems.append(f"entries.jsonl, line {number}: leaf {index} stands twice")
            elif not isinstance(index, int) or index <= before:
                self.problems.append(f"entries.jsonl, line {number}: leaf {index} is out of order")
            self.entries[index] = (text.encode("utf-8"), parse(text))
            before = max(before, index)
        self.facts["entries"] = len(self.entries)
        if len(self.entries) != self.manifest["entries"]:
            raise Wrong(f"{len(self.entries)} entries are here; the manifest says {self.manifest['entries']}")

    def _read_proofs(self, head):
        given = self._parse("proofs.json") if "proofs.json" in self.files else {}
        if given.get("size") != head["size"]:
            raise Wrong(
                f"proofs.json is for a tree of {given.get('size')}; the checkpoint's has {head['size']}"
            )
        proofs = {int(index): path for index, path in given["inclusion"].items()}
        for index in sorted(set(proofs) - set(self.entries)):
            self.problems.append(f"leaf {index} has a proof but no entry: the entry was taken out")
        return proofs

    def _check_entry(self, index, path, head):
        data, entry = self.entries[index]
        label = f"leaf {index} ({entry.get('action')} · {self._name_of(entry)})"
        if entry["v"] not in (0, 1):
            raise Wrong(f"{label}: this program knows no entries of version {entry['v']}")
        if entry["v"] == 1 and canonical(entry) != data:
            raise Wrong(f"{label}: the entry is not in canonical form")
        if path is None:
            raise Wrong(f"{label}: the entry has no proof")
        if index >= head["size"]:
            raise Wrong(f"{label}: the checkpoint's tree ends at leaf {head['size'] - 1}")
        hashes = [strict_base64(part, f"the proof of leaf {index}") for part in path]
        leaf = hashlib.sha256(b"\x00" + data).digest()
        if root_from_inclusion(index, head["size"], leaf, hashes) != head["root"]:
            raise Wrong(f"{label}: the entry or its proof was altered; it does not lead to the signed root")

    @staticmethod
    def _name_of(entry):
        return entry.get("thing", entry.get("row", {})).get("label") or entry.get("row")

    def _check_things(self):
        """Nothing of a thing was left out: its entries are numbered, and the manifest says how many there are."""
        found: dict = {}
        for _index, (_data, entry) in sorted(self.entries.items()):
            thing = entry.get("thing") or {}
            if thing.get("uid"):
                found.setdefault(thing["uid"], []).append(thing["seq"])
        named = {thing["uid"] for thing in self.manifest["things"]}
        for uid in sorted(set(found) - named):
            self.problems.append(f"manifest.json does not name the thing {uid}, of which there are entries")
        for thing in self.manifest["things"]:
            self.attempt(self._check_thing, thing, sorted(found.get(thing["uid"], [])))

    def _check_thing(self, thing, numbers):
        label = f"{thing['label']} ({thing['uid']})"
        if len(numbers) != len(set(numbers)):
            raise Wrong(f"{label}: an entry stands twice")
        missing = sorted(set(range(1, thing["in_ledger"] + 1)) - set(numbers))
        if thing["complete"] and missing:
            listed = ", ".join(map(str, missing))
            raise Wrong(f"{label}: entry {listed} of {thing['in_ledger']} is missing")
        if len(numbers) != thing["count"]:
            raise Wrong(f"{label}: {len(numbers)} entries are here; the manifest says {thing['count']}")
        if not thing["complete"]:
            self.notes.append(
                f"{label}: {thing['count']} of its {thing['in_ledger']} entries are in this bundle"
            )

    def _check_records(self):
        """Tables and records repeat what the entries say."""
        entries = [entry for _index, (_data, entry) in sorted(self.entries.items()) if entry["v"] > 0]
        entries.sort(key=lambda entry: entry["thing"]["seq"])
        by_uid, rows = {entry["uid"]: facts_of(entry) for entry in entries}, replay(entries)
        for name in sorted(self.files):
            if name.endswith(".csv"):
                self.attempt(self._check_table, name, by_uid)
            elif name.endswith(".json") and name not in OWN_FILES:
                self.attempt(self._check_record, name, rows)

    def _check_table(self, name, by_uid):
        table = csv.DictReader(io.StringIO(self.files[name].decode("utf-8-sig"), newline=""))
        if "entry" not in (table.fieldnames or []):
            return
        for line in table:
            if line["entry"] not in by_uid:
                self.problems.append(f"{name} tells of an entry {line['entry']} that is not in entries.jsonl")
                continue
            facts = by_uid[line["entry"]]
            for field in sorted(set(facts) & set(line) - {"entry"}):
                if line[field] != safe_cell(facts[field]):
                    self.problems.append(
                        f"{name}: {field} of entry {line['entry']} is not what the ledger says"
                    )

    def _check_record(self, name, rows):
        for told in rows_in(json.loads(self.files[name].decode("utf-8"))):
            where = (told["row"]["table"], told["row"]["key"])
            known = rows.get(where)
            if known is None:
                self.problems.append(f"{name}: no entry here speaks of {where[0]} {where[1]}")
                continue
            for field in sorted(set(told) & set(known)):
                is_committed = str(known[field]).startswith("commitment ")
                if told[field] != known[field] and not is_committed:
                    self.problems.append(
                        f"{name}: {field} of {where[0]} {where[1]} is not what its entries say"
                    )

    def _check_attested(self, claim):
        """A file is the one whose SHA-256 an entry carries."""
        value = self.entries[claim["index"]][1]
        for name in claim["field"]:
            value = value[name]
        if value != hashlib.sha256(self.files.get(claim["file"], b"")).hexdigest():
            raise Wrong(f"{claim['file']} is not the file that leaf {claim['index']} speaks of")

    def _check_personal(self, number, given):
        """A personal value is the one to which its entry is committed."""
        committed = self.entries[given["index"]][1]["commitments"][given["side"]][given["field"]]
        salt = strict_base64(given["salt"], f"personal.json, item {number}")
        if hashlib.sha256(salt + canonical(given["value"])).hexdigest() != committed:
            raise Wrong(
                f"personal.json: {given['field']} is not the value that leaf {given['index']} committed to"
            )

    def _check_since(self, head):
        """The log only grew since a checkpoint that the reader kept."""
        if self.since is None:
            return
        old = read_checkpoint(self.since, [*self.keys, *self.inside], "the earlier checkpoint")
        if old["origin"] != head["origin"]:
            raise Wrong(f"the earlier checkpoint is of another origin, {old['origin']}: ask for the reason")
        if old["size"] > head["size"]:
            raise Wrong(f"the log had {old['size']} entries and has {head['size']} now: entries were lost")
        paths = self._parse("proofs.json")["consistency"]
        if str(old["size"]) not in paths and old["size"] != head["size"]:
            raise Wrong(
                f"the bundle has no proof from size {old['size']}; ask for one made with that checkpoint"
            )
        path = [strict_base64(part, "a consistency proof") for part in paths.get(str(old["size"]), [])]
        if not is_consistent(old["size"], head["size"], old["root"], head["root"], path):
            raise Wrong("the log is not the one that the earlier checkpoint was made of: it was rewritten")
        self.facts["consistent_since"] = old["size"]


def report(verification, held):
    """The answer in sentences."""
    facts, lines = verification.facts, []
    lines += [f"  WRONG  {problem}" for problem in verification.problems]
    if "entries" in facts and "tree_size" in facts:
        lines.append(
            f"  {facts['entries']} entries, in a log of {facts['tree_size']}, origin {facts['origin']}"
        )
        lines += [f"  {line}" for line in facts["checkpoint"]]
        lines.append(f"  signing key {facts['key']}")
    lines += [f"  note: {note}" for note in verification.notes]
    if not held:
        lines.append("NOT VERIFIED: do not rely on this bundle.")
    elif verification.outside is None:
        lines.append(
            "Self-consistent, origin not established: nothing outside the bundle says who signed it."
        )
        lines.append("Ask its maker for the fingerprint by another way, then run with --fingerprint.")
    else:
        lines.append("VERIFIED: complete and unaltered since it was sealed, signed by the key you named.")
    return "\n".join(lines)


def main(arguments=None):
    """Verify one bundle from the command line."""
    parser = argparse.ArgumentParser(description="Verify a PlantGov evidence bundle.")
    parser.add_argument("bundle", help="the ZIP file, or the folder it was unpacked into")
    named = parser.add_mutually_exclusive_group()
    named.add_argument("--key", metavar="FILE", help="the public key, in PEM, as received outside the bundle")
    named.add_argument(
        "--fingerprint", metavar="HEX", help="its SHA-256 fingerprint, as received outside the bundle"
    )
    parser.add_argument("--since", metavar="FILE", help="a checkpoint kept from earlier")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    told = parser.parse_args(arguments)
    try:
        verification = Verification(read_bundle(told.bundle), _named_key(told), _bytes_of(told.since))
    except (Unreadable, Wrong, OSError) as error:
        print(json.dumps({"result": "unreadable", "problems": [str(error)]}) if told.json else error)
        return 2
    held = verification.run()
    result = "wrong" if not held else "self-consistent" if verification.outside is None else "verified"
    if told.json:
        print(
            json.dumps(
                {
                    "result": result,
                    "problems": verification.problems,
                    "notes": verification.notes,
                    **verification.facts,
                },
                indent=1,
            )
        )
    else:
        print(report(verification, held))
    return {"wrong": 1, "self-consistent": 2, "verified": 0}[result]


def _named_key(told):
    if told.key:
        return read_key(Path(told.key).read_text(encoding="utf-8"), told.key)
    if told.fingerprint:
        text = re.sub(r"[\s:]", "", told.fingerprint).lower()
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise Unreadable("A fingerprint is 64 hexadecimal digits.")
        return text
    return None


def _bytes_of(path):
    return Path(path).read_bytes() if path else None


if __name__ == "__main__":
    sys.exit(main())
