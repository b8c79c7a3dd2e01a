"""What somebody might do to a bundle, and what the verifier says about it."""

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psycopg
import pytest
from django.db import transaction

from plantgov.audit.models import Checkpoint, Entry
from plantgov.audit.rules import notes
from plantgov.audit.services import bundles, keys, sealing
from plantgov.audit.services.entries import write
from plantgov.audit.verifier import verify
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Refused
from plantgov.people.models import Person
from tests.audit.conftest import ACTOR, add, seal_all, write_key

AT = datetime(2026, 3, 1, tzinfo=UTC)
pytestmark = [pytest.mark.enable_socket, pytest.mark.serial]
Files = dict[str, bytes]


@transaction.atomic
def rename(person, name: str):
    person.name = name
    return write(person, by=ACTOR, action="people.person.changed")


@pytest.fixture
def ada(fresh_database):
    """A thing with four entries among others, all sealed."""
    person = add("Ada Berg")
    sealing.seal()  # an older checkpoint
    for name in ("Ada Lind", "Ada Holm", "Ada Ek"):
        add(f"Somebody before {name}")
        rename(person, name)
    seal_all()
    return person


_MADE: dict[str, Files | bytes] = {}


@pytest.fixture
def bundle(request) -> Files:
    """The files of a good bundle, made once; attacks on it need no database."""
    if not _MADE:
        made = unpack(pack_real(request.getfixturevalue("ada")))
        _MADE["older checkpoint"] = Checkpoint.objects.order_by("pk").first().note.encode()
        _MADE["bundle"] = made
    return dict(_MADE["bundle"])


def pack_real(person, **extras) -> bytes:
    return bundles.build(
        files={"changes/record.json": record(person), "changes/note.txt": b"Ada"},
        entries=Entry.objects.filter(thing_uid=person.uid),
        facts={"purpose": "test", "ratio": 0.5},
        at=AT,
        extras=bundles.Extras(**extras),
    )


def record(person) -> bytes:
    """What people read of a person: the row as it stands."""
    return json.dumps({"person": bundles.record_of(Person.objects.get(pk=person.pk))}).encode()


def unpack(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def trusted() -> str:
    return keys.signer().fingerprint


def problems(files: Files, *, outside: object = None, since: bytes | None = None) -> list[str]:
    """What the verifier has to say to somebody who knows the fingerprint."""
    verification = verify.Verification(files, outside or trusted(), since)
    verification.run()
    return verification.problems


def relisted(files: Files) -> Files:
    """The bundle of an attacker who also mends the manifest, but has not the key."""
    manifest = json.loads(files["manifest.json"])
    names = sorted(set(files) - verify.UNLISTED)
    manifest["files"] = [
        {"name": n, "sha256": hashlib.sha256(files[n]).hexdigest(), "size": len(files[n])} for n in names
    ]
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def resigned(files: Files, signer: keys.Signer, name: str | None = None) -> Files:
    """The bundle of an attacker who signs the mended manifest with a key."""
    files = relisted(files)
    digest = hashlib.sha256(files["manifest.json"]).hexdigest()
    text = f"{verify.MANIFEST_TITLE}\n{verify.SCHEMA}\nsha256 {digest}\n"
    origin = name or json.loads(files["manifest.json"])["checkpoint"]["origin"]
    return {**files, "manifest.sig": signer.note(text, name=origin).encode()}


def lines_of(files: Files) -> list[str]:
    return files["entries.jsonl"].decode().splitlines()


def with_lines(files: Files, lines: list[str]) -> Files:
    return {**files, "entries.jsonl": "".join(f"{line}\n" for line in lines).encode()}


def with_json(files: Files, name: str, change: Callable[[dict], None]) -> Files:
    value = json.loads(files[name])
    change(value)
    return {**files, name: json.dumps(value).encode()}


# -- The good one ------------------------------------------------------------------------------------------
def test_a_bundle_as_made_verifies(bundle):
    assert problems(bundle) == []


def test_the_same_contents_give_the_same_bytes(ada):
    assert pack_real(ada) == pack_real(ada)


def test_personal_values_and_attested_files_verify(ada):
    with transaction.atomic():
        ada.email = "ada@example.org"
        write(ada, by=ACTOR, action="people.person.changed")
    seal_all()
    entry = Entry.objects.get(thing_uid=ada.uid, after__has_key="email", thing_seq__gt=1)
    files = unpack(pack_real(ada, personal=True))
    assert problems(files) == []
    assert "ada@example.org" in files["personal.json"].decode()
    assert "ada@example.org" not in files["entries.jsonl"].decode()
    lied = with_json(files, "personal.json", lambda rows: rows[-1].update(value="eve@example.org"))
    found = problems(resigned(lied, keys.signer()))
    assert any("email is not the value" in problem for problem in found)
    attested = bundles.Attested("changes/note.txt", entry, ("after", "email"))
    found = problems(unpack(pack_real(ada, attested=(attested,))))
    assert any("is not the file that leaf" in problem for problem in found)


def test_a_checkpoint_of_another_size_needs_its_own_proof(ada):
    kept = Checkpoint.objects.order_by("pk").first()
    assert any(
        "has no proof from size" in problem
        for problem in problems(unpack(pack_real(ada)), since=kept.note.encode())
    )


def test_growth_since_a_kept_checkpoint_is_proved(ada):
    kept = Checkpoint.objects.order_by("pk").first()
    files = unpack(pack_real(ada, since=(kept.size,)))
    assert problems(files, since=kept.note.encode()) == []
    forged = notes.Head(kept.origin.name, kept.size, b"\1" * 32, kept.at)
    rewritten = keys.signer().note(forged.text(), name=kept.origin.name).encode()
    assert any("it was rewritten" in problem for problem in problems(files, since=rewritten))


def test_a_log_shorter_than_a_kept_checkpoint_lost_entries(bundle):
    last = json.loads(bundle["manifest.json"])["checkpoint"]
    ahead = notes.Head(last["origin"], last["size"] + 5, b"\1" * 32, now())
    kept = keys.signer().note(ahead.text(), name=last["origin"]).encode()
    assert any("entries were lost" in problem for problem in problems(bundle, since=kept))


# -- Attacks: without the key, and by the key's own holder ---------------------------------------------------
def flip(files: Files) -> Files:
    lines = lines_of(files)
    return with_lines(files, [lines[0], lines[1].replace("Ada Lind", "Eva Lind"), *lines[2:]])


def drop(files: Files) -> Files:
    lines = lines_of(files)
    return with_lines(files, [*lines[:1], *lines[2:]])


def drop_with_traces(files: Files) -> Files:
    """Take out an entry of the thing together with its proof and mend every count."""
    lines = lines_of(files)
    gone = str(json.loads(lines[1])["index"])
    files = with_lines(files, [*lines[:1], *lines[2:]])
    files = with_json(files, "proofs.json", lambda value: value["inclusion"].pop(gone))
    return with_json(files, "manifest.json", lambda value: value.update(entries=len(lines) - 1))


def drop_and_say_so(files: Files) -> Files:
    """The same, with the count of the thing mended too: the whole history is no longer claimed honestly."""
    files = drop_with_traces(files)
    return with_json(files, "manifest.json", lambda value: value["things"][0].update(count=3))


def insert(files: Files) -> Files:
    lines = lines_of(files)
    row = json.loads(lines[-1])
    row["index"] += 1
    return with_lines(files, [*lines, json.dumps(row)])


def repeat(files: Files) -> Files:
    lines = lines_of(files)
    return with_lines(files, [*lines, lines[-1]])


def reorder(files: Files) -> Files:
    return with_lines(files, lines_of(files)[::-1])


def swap_indices(files: Files) -> Files:
    rows = [json.loads(line) for line in lines_of(files)]
    rows[0]["canonical"], rows[1]["canonical"] = rows[1]["canonical"], rows[0]["canonical"]
    return with_lines(files, [json.dumps(row, ensure_ascii=False) for row in rows])


def truncate(files: Files) -> Files:
    return with_lines(files, lines_of(files)[:-1])


def cut_short(files: Files) -> Files:
    return {**files, "entries.jsonl": files["entries.jsonl"][:-40]}


def older_checkpoint(files: Files) -> Files:
    return {**files, "checkpoint.txt": _MADE["older checkpoint"]}


def other_root(files: Files) -> Files:
    lines = files["checkpoint.txt"].decode().split("\n")
    lines[2] = base64.b64encode(b"\1" * 32).decode()
    return {**files, "checkpoint.txt": "\n".join(lines).encode()}


def no_proofs(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != "proofs.json"}


def other_whitespace(files: Files) -> Files:
    rows = [json.loads(line) for line in lines_of(files)]
    rows[0]["canonical"] = rows[0]["canonical"].replace('","', '", "', 1)
    return with_lines(files, [json.dumps(row, ensure_ascii=False) for row in rows])


def hide_a_thing(files: Files) -> Files:
    return with_json(files, "manifest.json", lambda value: value.update(things=[]))


def call_it_a_part(files: Files) -> Files:
    return with_json(files, "manifest.json", lambda value: value["things"][0].update(complete=False, count=3))


def lie_in_the_record(files: Files) -> Files:
    return with_json(files, "changes/record.json", lambda value: value["person"].update(name="Eve"))


def make_up_a_row(files: Files) -> Files:
    row = {"row": {"table": "people_person", "key": "999999"}, "name": "Eve"}
    return with_json(files, "changes/record.json", lambda value: value.update(more=[row]))


def lie_in_the_table(files: Files) -> Files:
    return {**files, "ledger.csv": files["ledger.csv"].replace(b"Test", b"Eve.", 1)}


ATTACKS: list[tuple[Callable[[Files], Files], str]] = [
    (flip, "was altered; it does not lead to the signed root"),
    (drop, "has a proof but no entry"),
    (drop_with_traces, "entry 2 of 4 is missing"),
    (drop_and_say_so, "entry 2 of 4 is missing"),
    (insert, "it does not lead to the signed root|ends at leaf|has no proof"),
    (repeat, "stands twice"),
    (reorder, "is out of order"),
    (swap_indices, "does not lead to the signed root"),
    (truncate, "has a proof but no entry"),
    (cut_short, "not written as the format says"),
    (older_checkpoint, "is not the checkpoint that the manifest speaks of"),
    (other_root, "checkpoint.txt: the signature does not hold"),
    (no_proofs, "proofs.json is for a tree of None"),
    (other_whitespace, "not in canonical form"),
    (hide_a_thing, "does not name the thing"),
    (call_it_a_part, "4 entries are here; the manifest says 3"),
    (lie_in_the_record, "name of people_person"),
    (make_up_a_row, "no entry here speaks of people_person 999999"),
    (lie_in_the_table, "is not what the ledger says"),
]


@pytest.mark.parametrize(("attack", "named"), ATTACKS, ids=lambda value: getattr(value, "__name__", ""))
def test_an_attack_is_found_and_named_even_when_the_manifest_is_signed_anew(bundle, attack, named):
    attacked = attack(bundle)
    if "manifest.json" not in {name for name in attacked if attacked[name] != bundle.get(name)}:
        assert any(
            "altered" in problem or "missing" in problem or "bytes; the manifest says" in problem
            for problem in problems(attacked)
        )
    assert "manifest.json was altered" in "; ".join(problems(relisted(attacked)))
    found = problems(resigned(attacked, keys.signer()))
    assert any(wanted in problem for problem in found for wanted in named.split("|")), found


def test_another_key_is_another_maker(bundle, tmp_path, settings):
    fingerprint = trusted()
    settings.PLANTGOV_SIGNING_KEY_FILE = write_key(tmp_path / "other.pem")
    impostor = keys.signer()
    forged = {name: data for name, data in bundle.items() if not name.startswith("keys/")}
    forged["keys/other.pem"] = notes.pem(impostor.public_key).encode()
    forged = resigned(forged, impostor)
    found = problems(forged, outside=fingerprint)
    assert any("no key in the bundle has the fingerprint" in problem for problem in found)
    keys_added = resigned({**bundle, "keys/other.pem": notes.pem(impostor.public_key).encode()}, impostor)
    found = problems(keys_added, outside=fingerprint)
    assert any("signed by a key that is not the expected one" in problem for problem in found)


def test_a_bundle_made_up_from_nothing_is_self_consistent_and_not_verified(ada, tmp_path, settings):
    """Whoever makes up a log can make it agree with itself: only the fingerprint tells."""
    honest = trusted()
    settings.PLANTGOV_SIGNING_KEY_FILE = write_key(tmp_path / "impostor.pem")
    while sealing.seal().checkpoint:
        pass
    made_up = tmp_path / "made-up.zip"
    made_up.write_bytes(pack_real(ada))
    assert cli(made_up).returncode == 2
    assert "origin not established" in cli(made_up).stdout
    answer = cli(made_up, "--fingerprint", honest)
    assert answer.returncode == 1
    assert "NOT VERIFIED" in answer.stdout


def test_stray_files_missing_files_and_renamed_files_are_named(bundle):
    assert problems({**bundle, "extra.txt": b"?"}) == ["extra.txt is not in the manifest"]
    without = {name: data for name, data in bundle.items() if name != "changes/note.txt"}
    assert problems(without) == ["changes/note.txt is missing"]
    assert problems({**without, "changes/other.txt": b"Ada"}) == [
        "changes/note.txt is missing",
        "changes/other.txt is not in the manifest",
    ]


def mutated(files: Files, random: Random) -> Files:
    name = random.choice(sorted(files))
    data = mutate(files[name], random)
    return {**files, name: data if data != files[name] else data + b" "}


def _refuses(files: Files, seeds: range) -> None:
    outside = trusted()
    for seed in seeds:
        verification = verify.Verification(mutated(files, Random(seed)), outside)
        assert not verification.run(), f"seed {seed}"
        assert verification.problems


def test_none_of_a_hundred_random_mutations_is_accepted(bundle):
    _refuses(bundle, range(100))


@pytest.mark.deep
def test_none_of_three_thousand_random_mutations_is_accepted(bundle):
    _refuses(bundle, range(100, 3100))


def mutate(data: bytes, random: Random) -> bytes:
    """One thing that may happen to bytes."""
    at = random.randrange(len(data))
    kind = random.choice(["flip", "set", "cut", "insert", "delete", "swap", "empty"])
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
    if kind == "set":
        return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    if kind == "insert":
        return data[:at] + bytes([random.randrange(256)]) + data[at:]
    if kind == "delete":
        return data[:at] + data[at + random.randrange(1, 20) :]
    if kind == "swap":
        other = random.randrange(len(data))
        low, high = sorted((at, other))
        return (
            data[:low] + data[high : high + 1] + data[low + 1 : high] + data[low : low + 1] + data[high + 1 :]
        )
    return b""


def test_an_archive_that_leads_elsewhere_is_not_read(bundle, tmp_path):
    for name in ("../escape.txt", "/etc/escape", "a/../../escape"):
        path = tmp_path / "bad.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for known, data in bundle.items():
                archive.writestr(known, data)
            archive.writestr(name, b"!")
        answer = cli(path, "--fingerprint", trusted())
        assert answer.returncode == 2
        assert "leads elsewhere" in answer.stdout


def test_bytes_that_are_no_bundle_have_no_answer(tmp_path):
    path = tmp_path / "noise.zip"
    path.write_bytes(bytes(range(256)) * 10)
    assert cli(path).returncode == 2
    assert cli(tmp_path / "missing.zip").returncode == 2


def test_entries_that_wait_are_sealed_first(ada):
    add("Bo Lind")
    rename(ada, "Ada Nu")
    assert problems(unpack(pack_real(ada))) == []


def test_entries_that_cannot_be_sealed_cannot_be_bundled(ada, settings):
    """A transaction elsewhere holds the horizon of the whole cluster."""
    with psycopg.connect(settings.DATABASE_URL) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        bo = add("Bo Lind")
        with pytest.raises(Refused, match=r"1 of the ledger entries .* held back by"):
            bundles.build(
                files={}, entries=Entry.objects.filter(thing_uid=bo.uid), facts={}, at=AT, wait_s=0.1
            )


@pytest.mark.parametrize("name", ["manifest.json", "keys/x.pem", "../x", "a//b", "a\\b", "", "verify.py"])
def test_a_file_may_not_take_a_name_of_the_format(name):
    with pytest.raises(BadInput):
        bundles.build(files={name: b""}, entries=Entry.objects.none(), facts={}, at=AT)


def test_a_bundle_outlives_the_change_of_its_key(ada, tmp_path, settings):
    settings.PLANTGOV_SIGNING_KEY_FILE = write_key(tmp_path / "next.pem")
    assert problems(unpack(pack_real(ada))) == []


def test_a_part_of_a_history_says_that_it_is_one(ada):
    part = Entry.objects.filter(thing_uid=ada.uid, thing_seq__gt=2)
    verification = verify.Verification(
        unpack(bundles.build(files={}, entries=part, facts={}, at=AT)), trusted()
    )
    assert verification.run(), verification.problems
    assert verification.notes == [f"Ada Ek ({ada.uid}): 2 of its 4 entries are in this bundle"]


# -- The program that an auditor runs --------------------------------------------------------------------------
def cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The verifier as a file on its own: isolated, without site-packages and far from the checkout."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(Path(verify.__file__)), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )


def test_the_program_says_how_it_ends(ada, tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack_real(ada))
    good = cli(path, "--fingerprint", trusted())
    assert (good.returncode, good.stderr) == (0, "")
    assert "VERIFIED: complete and unaltered" in good.stdout
    key = tmp_path / "key.pem"
    key.write_text(notes.pem(keys.signer().public_key))
    assert cli(path, "--key", key).returncode == 0
    alone = cli(path)
    assert alone.returncode == 2
    assert "Self-consistent, origin not established" in alone.stdout
    answer = json.loads(cli(path, "--fingerprint", trusted(), "--json").stdout)
    assert answer["result"] == "verified"
    assert answer["key"] == trusted()
    assert cli(path, "--fingerprint", "00" * 32).returncode == 1
    assert cli(path, "--fingerprint", "xyz").returncode == 2


def test_an_unpacked_bundle_verifies_with_the_program_it_carries(ada, tmp_path):
    with zipfile.ZipFile(io.BytesIO(pack_real(ada))) as archive:
        archive.extractall(tmp_path / "bundle")
    carried = tmp_path / "bundle" / "verify.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(carried), str(tmp_path / "bundle"), "--fingerprint", trusted()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
