#!/usr/bin/env python3
"""Verify a PlantGov evidence bundle without PlantGov. Needs Python 3.9 or newer and nothing else.

    python verify.py BUNDLE.zip|FOLDER [--key FILE | --fingerprint HEX] [--json]

Exit code 0: it verifies, 1: it does not (every fault is named), 2: it could not be checked.

Use a copy of this file that you trust, not the one inside a bundle that you doubt. Give the key, or its fingerprint,
as you received it outside of the bundle: without it the bundle can only be shown to agree with itself.
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
from pathlib import Path

FORMAT = "plantgov-evidence-1"
MOST_BYTES = 4 << 30  # of one unpacked file
DASH = "\u2014"
DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
REQUIRED = (
    "manifest.json",
    "manifest.sig",
    "checkpoint.txt",
    "keys/ledger.pub",
    "entries.jsonl",
    "proofs.json",
)


class CannotCheck(Exception):
    """There is nothing here that could be checked."""


# -- Ed25519 (RFC 8032, section 5.1), verification only ------------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def _x_of(y, odd):
    """The x of the curve's point with this y, or None."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if odd else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != odd else x


def _point(encoded):
    """A point in extended coordinates from its 32 bytes, or None if they are none."""
    number = int.from_bytes(encoded, "little")
    y, odd = number & (1 << 255) - 1, number >> 255
    x = _x_of(y, odd)
    return None if x is None else (x, y, 1, x * y % P)


def _add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor, point):
    product = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            product = _add(product, point)
        point, factor = _add(point, point), factor >> 1
    return product


def _same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = _x_of(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verifies(public_key, message, signature):
    """Whether `signature` (64 bytes) by `public_key` (32 bytes) over `message` is right."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, nonce = _point(public_key), _point(signature[:32])
    factor = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or factor >= L:
        return False
    if _same(_times(8, key), (0, 1, 1, 0)):
        return False  # a key of small order verifies anything
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    return _same(_times(factor, BASE), _add(nonce, _times(challenge, key)))


# -- Keys and signed notes (C2SP signed-note, tlog-checkpoint) ------------------------------------------------------
def key_from_pem(data):
    """The 32 bytes of an Ed25519 public key in PEM. ValueError if it is something else."""
    found = re.fullmatch(
        rb"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*", data
    )
    der = base64.b64decode(b"".join(found.group(1).split()), validate=True) if found else b""
    if len(der) != 44 or not der.startswith(DER_PREFIX):
        raise ValueError("it holds no Ed25519 public key in PEM")
    return der[12:]


def fingerprint(public_key):
    """SHA-256 of the key as DER, as `openssl pkey -pubin -outform DER | sha256sum` prints it."""
    return hashlib.sha256(DER_PREFIX + public_key).hexdigest()


def open_note(data, public_key):
    """The text and the signer's name of a note signed with `public_key`. ValueError says what is wrong."""
    text, mark, signatures = data.decode("utf-8").rpartition("\n\n")
    if not mark or not signatures.endswith("\n") or "\r" in text:
        raise ValueError("it is not a signed note")
    lines = signatures[:-1].split("\n")
    found = re.fullmatch(f"{DASH} (\\S+) ([A-Za-z0-9+/]+=*)", lines[0])
    if len(lines) != 1 or not found:
        raise ValueError("it does not end in exactly one signature line")
    text, name = text + "\n", found.group(1)
    blob = base64.b64decode(found.group(2), validate=True)
    if base64.b64encode(blob).decode() != found.group(2):
        raise ValueError("its signature is not written in the usual way")
    expected = hashlib.sha256(name.encode() + b"\n\x01" + public_key).digest()[:4]
    if blob[:4] != expected:
        raise ValueError("it was signed with another key than keys/ledger.pub")
    if not ed25519_verifies(public_key, text.encode(), blob[4:]):
        raise ValueError("its signature is wrong")
    return text, name


# -- The Merkle tree (RFC 6962 and RFC 9162, section 2.1.3.2) --------------------------------------------------------
def root_from(leaf, index, size, proof):
    """The root to which an inclusion proof leads. ValueError if it has the wrong length."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    position, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if position & 1 or position == last:
            root = hashlib.sha256(b"\x01" + sibling + root).digest()
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            root = hashlib.sha256(b"\x01" + root + sibling).digest()
        position, last = position >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return root


# -- Reading --------------------------------------------------------------------------------------------------------
def read_bundle(path):
    """Every file of a bundle by name, and what is odd about the container itself."""
    path = Path(path)
    if path.is_dir():
        files = [found for found in sorted(path.rglob("*")) if found.is_file()]
        return {found.relative_to(path).as_posix(): found.read_bytes() for found in files}, []
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_zip(archive)
    except (OSError, zipfile.BadZipFile) as error:
        raise CannotCheck(f"{path} cannot be read as a folder or a ZIP file: {error}") from error


def _read_zip(archive):
    files, odd = {}, []
    for info in archive.infolist():
        name = info.filename
        if name in files:
            odd.append((name, "it stands in the archive twice"))
        if info.file_size > MOST_BYTES:
            odd.append((name, "it is larger than anything PlantGov writes"))
            continue
        try:
            files[name] = archive.read(info)
        except Exception as error:  # a damaged member raises many kinds
            odd.append((name, f"it cannot be unpacked: {error}"))
            files.setdefault(name, b"")
    return files, odd


def _no_twins(pairs):
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands in an object twice")
    return made


def parse(data):
    """JSON with one meaning only."""
    return json.loads(data.decode("utf-8"), object_pairs_hook=_no_twins)


def safe_cell(value):
    """How PlantGov writes a value into a CSV file, so that no spreadsheet takes it for a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "|") else text


def facts_of(entry):
    """What a record view may repeat of an entry, by the names it has to use."""
    actor, thing, row = entry.get("actor") or {}, entry.get("thing") or {}, entry.get("row") or {}
    return {
        "uid": entry.get("uid"),
        "seq": thing.get("seq"),
        "at": entry.get("at"),
        "action": entry.get("action"),
        "actor": actor.get("label"),
        "acting_for": (entry.get("acting_for") or {}).get("label"),
        "role": entry.get("role"),
        "rule": entry.get("rule"),
        "reason": entry.get("reason"),
        "thing": thing.get("label"),
        "kind": thing.get("kind"),
        "table": row.get("table"),
        "key": row.get("key"),
        "before": entry.get("before"),
        "after": entry.get("after"),
    }


# -- The checks -----------------------------------------------------------------------------------------------------
class Check:
    """One verification: its files, its faults, its findings."""

    def __init__(self, files, odd, trusted=None):
        self.files, self.trusted = files, trusted
        self.faults = [{"check": "archive", "file": name, "fault": text} for name, text in odd]
        self.notes, self.entries, self.places = [], [], {}
        self.key = self.origin = self.size = self.root = self.manifest = None

    def fault(self, check, file, text, **where):
        self.faults.append({"check": check, "file": file, "fault": text, **where})

    def run(self):
        missing = [name for name in REQUIRED if name not in self.files]
        for name in missing:
            self.fault("archive", name, "it is missing")
        if "keys/ledger.pub" not in missing:
            self.check_key()
        if self.key and "checkpoint.txt" not in missing:
            self.check_checkpoint()
        if not {"manifest.json", "manifest.sig"} & set(missing):
            self.check_manifest()
        if not {"entries.jsonl", "proofs.json"} & set(missing):
            self.check_entries()
            self.check_things()
            self.check_views()
        return self

    def check_key(self):
        try:
            self.key = key_from_pem(self.files["keys/ledger.pub"])
        except (ValueError, binascii.Error) as error:
            return self.fault("key", "keys/ledger.pub", str(error))
        if self.trusted and self.trusted != fingerprint(self.key):
            text = f"its fingerprint is {fingerprint(self.key)}, but the key you trust has {self.trusted}"
            self.fault("key", "keys/ledger.pub", text)

    def check_checkpoint(self):
        try:
            text, name = open_note(self.files["checkpoint.txt"], self.key)
            origin, size, root = text.split("\n")[:3]
            if origin != name:
                raise ValueError(f"it is about {origin}, but signed by {name}")
            if not re.fullmatch("0|[1-9][0-9]*", size):
                raise ValueError("its size is not a number")
            self.origin, self.size, self.root = origin, int(size), base64.b64decode(root, validate=True)
            if len(self.root) != 32:
                raise ValueError("its root is not 32 bytes")
        except (ValueError, binascii.Error) as error:
            self.fault("checkpoint", "checkpoint.txt", str(error))

    def check_manifest(self):
        data = self.files["manifest.json"]
        if self.key:
            self.check_manifest_signature(data)
        try:
            self.manifest = parse(data)
            named, ledger = self.manifest["files"], self.manifest["ledger"]
            for name in sorted(set(self.files) - set(named) - {"manifest.json", "manifest.sig"}):
                self.fault("manifest", name, "it is not in the manifest: somebody added it")
            for name, told in sorted(named.items()):
                self.check_file(name, told)
            if self.manifest["format"] != FORMAT:
                self.fault("manifest", "manifest.json", f"it is of another format than {FORMAT}")
            if self.size is not None and (ledger["origin"], ledger["size"]) != (self.origin, self.size):
                self.fault("checkpoint", "checkpoint.txt", "it is another one than the manifest names")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.fault("manifest", "manifest.json", f"it cannot be read: {error!r}")

    def check_manifest_signature(self, data):
        expected = f"{FORMAT} manifest\nsha256 {hashlib.sha256(data).hexdigest()}\n"
        try:
            text, name = open_note(self.files["manifest.sig"], self.key)
        except ValueError as error:
            return self.fault("signature", "manifest.sig", str(error))
        if text != expected:
            self.fault("signature", "manifest.json", "it was changed after it was signed")
        if self.origin and name != self.origin:
            self.fault("signature", "manifest.sig", f"it was signed for {name}, not for {self.origin}")

    def check_file(self, name, told):
        if name not in self.files:
            return self.fault("manifest", name, "it is in the manifest, but missing here")
        data = self.files[name]
        if len(data) != told["size"] or hashlib.sha256(data).hexdigest() != told["sha256"]:
            self.fault("manifest", name, "it was changed: its SHA-256 is not the one in the manifest")

    def check_entries(self):
        lines = self.files["entries.jsonl"].split(b"\n")
        if lines.pop() != b"":
            self.fault("entry", "entries.jsonl", "its last line is cut off")
        try:
            proofs = parse(self.files["proofs.json"])["leaves"]
            proven = [
                (p["uid"], p["index"], p["hash"], [bytes.fromhex(h) for h in p["proof"]]) for p in proofs
            ]
            if any(len(h) != 32 for p in proven for h in p[3]) or any(type(p[1]) is not int for p in proven):
                raise ValueError("a hash or a number in it is none")
        except (ValueError, KeyError, TypeError) as error:
            return self.fault("inclusion", "proofs.json", f"it cannot be read: {error!r}")
        self.places = {hashed: number for number, (_uid, _index, hashed, _proof) in enumerate(proven)}
        hashes = [hashlib.sha256(b"\x00" + line).hexdigest() for line in lines]
        for number, (line, hashed) in enumerate(zip(lines, hashes)):
            self.check_line(number, line, hashed, proven)
        for number, (uid, index, hashed, _proof) in enumerate(proven):
            if hashed not in hashes:
                near = f"no line of entries.jsonl has its hash: the entry {uid} was changed or taken out"
                self.fault("entry", "entries.jsonl", near, leaf=index, line=number + 1)
        indices = [index for _uid, index, _hashed, _proof in proven]
        if any(a >= b for a, b in zip(indices, indices[1:])):
            self.fault("inclusion", "proofs.json", "its leaves are not in the order of the ledger")

    def check_line(self, number, line, hashed, proven):
        place = self.places.get(hashed)
        where = {"line": number + 1}
        if place is None:
            if number < len(proven):
                where["leaf"] = proven[number][1]
            self.fault("entry", "entries.jsonl", "its hash is not that of any leaf in proofs.json", **where)
            return
        uid, index, _hashed, proof = proven[place]
        where["leaf"] = index
        if place != number:
            self.fault(
                "entry", "entries.jsonl", f"it belongs into line {place + 1}, or stands there twice", **where
            )
        try:
            entry = parse(line)
            if entry["uid"] != uid:
                raise ValueError(f"proofs.json gives it the uid {uid}")
            if (
                self.root is not None
                and root_from(bytes.fromhex(hashed), index, self.size, proof) != self.root
            ):
                raise ValueError("its proof does not lead to the root of the checkpoint")
            self.entries.append(entry)
        except (ValueError, KeyError, TypeError) as error:
            self.fault("inclusion", "entries.jsonl", str(error), **where)

    def check_things(self):
        """Nothing of a thing was left out: its entries are numbered, and the manifest tells how many there are."""
        things = self.manifest.get("things", []) if isinstance(self.manifest, dict) else []
        told = {thing["uid"]: thing for thing in things}
        found = {}
        for entry in self.entries:
            thing = entry.get("thing") or {}
            if thing.get("uid"):
                found.setdefault(thing["uid"], []).append(thing["seq"])
        for uid in sorted(set(found) - set(told)):
            self.fault(
                "sequence", "manifest.json", f"it does not name the thing {uid}, of which there are entries"
            )
        for uid, thing in sorted(told.items()):
            self.check_thing(thing, sorted(found.get(uid, [])))

    def check_thing(self, thing, numbers):
        label = f"{thing['label']} ({thing['uid']})"
        if thing["complete"]:
            gaps = sorted(set(range(1, thing["in_ledger"] + 1)) - set(numbers))
            if gaps or len(numbers) != thing["in_ledger"]:
                text = f"of {label} there should be {thing['in_ledger']} entries; missing: {gaps or 'none, but some twice'}"
                self.fault("sequence", "entries.jsonl", text)
        elif len(numbers) != thing["count"]:
            text = f"of {label} there should be {thing['count']} entries, but there are {len(numbers)}"
            self.fault("sequence", "entries.jsonl", text)
        else:
            self.notes.append(
                f"{label}: {thing['count']} of its {thing['in_ledger']} entries are in this bundle"
            )

    def check_views(self):
        """What people read repeats the entries."""
        by_uid = {entry["uid"]: facts_of(entry) for entry in self.entries}
        for name, data in sorted(self.files.items()):
            try:
                if name.rsplit("/", 1)[-1] == "record.json":
                    self.check_record(name, parse(data), by_uid)
                elif name.endswith(".csv"):
                    self.check_csv(name, data, by_uid)
            except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
                self.fault("view", name, f"it cannot be read: {error!r}")

    def check_record(self, name, record, by_uid):
        listed = [row["uid"] for row in record["entries"]]
        for row in record["entries"]:
            self.compare(name, row["uid"], row, by_uid)
        uid = record["thing"]["uid"]
        whole = [e["uid"] for e in self.entries if (e.get("thing") or {}).get("uid") == uid]
        for left_out in sorted(set(whole) - set(listed)):
            self.fault("view", name, f"it leaves out the entry {left_out}")
        if len(listed) != len(set(listed)):
            self.fault("view", name, "it tells an entry twice")
        if "rows" in record:
            self.check_rows(name, record["rows"], {uid: by_uid[uid] for uid in listed if uid in by_uid})

    def check_rows(self, name, rows, entries):
        replayed = replay(sorted(entries.values(), key=lambda entry: entry["seq"]))
        for row in rows:
            known = replayed.get((row["table"], row["key"]))
            for field, value in sorted(row["values"].items()):
                if known is None or field not in known or known[field] != value:
                    text = f"{row['table']} {row['key']}: {field} is not what its entries say"
                    self.fault("view", name, text)

    def check_csv(self, name, data, by_uid):
        table = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        if "entry" not in (table.fieldnames or []):
            return
        for row in table:
            self.compare(name, row["entry"], row, by_uid, cells=True)

    def compare(self, name, uid, row, by_uid, cells=False):
        if uid not in by_uid:
            return self.fault("view", name, f"it tells of an entry {uid} that is not in entries.jsonl")
        for field, value in by_uid[uid].items():
            if field in row and row[field] != (safe_cell(value) if cells else value):
                self.fault("view", name, f"{field} of the entry {uid} is not what the ledger says")


def replay(entries):
    """The last values of each row, by (table, key), from its entries in order; None for a deleted row."""
    rows = {}
    for entry in entries:
        where = entry["table"], entry["key"]
        if entry["before"] is None and rows.get(where) is not None:
            continue  # an event about the row, not a write to it
        if entry["after"] is None:
            rows[where] = None
        else:
            rows[where] = {**(rows.get(where) or {}), **entry["after"]}
    return rows


def verify(path, trusted=None):
    """Check a bundle; `trusted` is the fingerprint of a key from outside."""
    files, odd = read_bundle(path)
    if not files:
        raise CannotCheck(f"{path} holds no files.")
    return Check(files, odd, trusted).run()


def outside_key(arguments):
    """The fingerprint that the reader trusts, or None."""
    if arguments.key:
        try:
            return fingerprint(key_from_pem(Path(arguments.key).read_bytes()))
        except (OSError, ValueError) as error:
            raise CannotCheck(f"The key {arguments.key} cannot be used: {error}") from error
    if arguments.fingerprint:
        told = re.sub(r"[\s:]", "", arguments.fingerprint).lower()
        if not re.fullmatch("[0-9a-f]{64}", told):
            raise CannotCheck("A fingerprint has 64 hexadecimal digits.")
        return told
    return None


def verdict(check):
    """One sentence."""
    if check.faults:
        return f"NOT VALID: {len(check.faults)} fault(s)"
    if check.trusted:
        return "VALID: complete, unchanged, and signed with the key you trust"
    return "SELF-CONSISTENT, origin not established: give --key or --fingerprint as received from outside"


def tell(check, as_json):
    """Print the outcome."""
    known = check.key and fingerprint(check.key)
    if as_json:
        told = {"valid": not check.faults, "origin_established": bool(check.trusted and not check.faults)}
        told.update(
            verdict=verdict(check), faults=check.faults, notes=check.notes, entries=len(check.entries)
        )
        told.update(origin=check.origin, size=check.size, fingerprint=known)
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return
    print(verdict(check))
    for fault in check.faults:
        where = "".join(f", {part} {fault[part]}" for part in ("line", "leaf") if part in fault)
        print(f"  [{fault['check']}] {fault['file']}{where}: {fault['fault']}")
    for note in check.notes:
        print(f"  note: {note}")
    print(f"  {len(check.entries)} entries proven in a ledger of {check.size} ({check.origin})")
    print(f"  key fingerprint {known}")


def main(argv=None):
    """Verify what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("bundle")
    parser.add_argument("--key", help="public key in PEM, received outside of the bundle")
    parser.add_argument("--fingerprint", help="SHA-256 of that key")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    try:
        check = verify(arguments.bundle, outside_key(arguments))
    except (CannotCheck, OSError) as error:
        print(json.dumps({"valid": None, "error": str(error)}) if arguments.json else f"NOT CHECKED: {error}")
        return 2
    tell(check, arguments.json)
    return 1 if check.faults else 0


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
