"""The package as a whole: it cannot write, knows no Django, keeps secrets, and has a command."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fieldlink
from fieldlink.__main__ import main
from fieldlink.credentials import credential
from fieldlink.errors import ReadError
from fieldlink.link import Connector
from fieldlink.spec import ReadReason
from tests.fieldlink.plants import in_thread, modbus_plant

PACKAGE = Path(fieldlink.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
# Names by which the libraries used here write to a device, call it, or publish.
WRITING = re.compile(
    r"^(write_\w+|set_value\w*|call_method|call|publish\w*|set_cmd|add_nodes|delete_nodes|history_update"
    r"|write_register\w*|write_coil\w*|post|put|patch|delete|write_attribute\w*)$"
)


def _names(source: Path) -> set[str]:
    tree = ast.parse(source.read_text())
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
    return attributes | imported


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_module_names_anything_that_writes(source: Path) -> None:
    assert not {name for name in _names(source) if WRITING.match(name)}


def test_bytes_leave_through_one_door() -> None:
    senders = [s.name for s in SOURCES if "write" in {n for n in _names(s) if n == "write"}]
    assert sorted(senders) == ["__main__.py", "stream.py"]  # the command writes to stdout


def test_only_reading_function_codes_are_built() -> None:
    from fieldlink.connectors import modbus

    assert set(modbus._READ_FUNCTIONS.values()) == {1, 2, 3, 4}
    assert "build_request" in (PACKAGE / "connectors/http.py").read_text()
    verbs = re.findall(r'build_request\(\s*"(\w+)"', (PACKAGE / "connectors/http.py").read_text())
    assert verbs == ["GET"]


def test_a_connector_offers_checking_and_reading_only() -> None:
    assert {n for n in vars(Connector) if not n.startswith("_")} == {"protocol", "check", "read"}


def test_importing_fieldlink_imports_neither_django_nor_the_house() -> None:
    code = "import sys, fieldlink.runner, fieldlink.__main__; print(chr(10).join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    ).stdout.split()
    house = {
        "django",
        "plantgov",
        "assets",
        "access",
        "operations",
        "changes",
        "incidents",
        "evidence",
        "celery",
    }
    assert not house & {name.partition(".")[0] for name in loaded}


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("env:DATABASE_URL", "CredentialNotAllowed"),
        ("env:FIELDLINK_CREDENTIALS", "CredentialNotAllowed"),
        ("env:FIELDLINK_ABSENT", "CredentialMissing"),
        ("file:/etc/passwd", "CredentialNotAllowed"),
        ("file:{folder}/../secret", "CredentialNotAllowed"),
        ("file:{folder}/link", "CredentialNotAllowed"),
        ("file:{folder}/absent", "CredentialMissing"),
        ("file:{folder}/odd", "CredentialMalformed"),
        ("vault:x", "CredentialMalformed"),
    ],
)
def test_a_reference_reaches_only_what_was_put_there_for_it(
    reference: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (tmp_path / "secret").write_text("user:pw")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "odd").write_text("no colon")
    monkeypatch.setenv("FIELDLINK_CREDENTIALS", str(folder))
    with pytest.raises(ReadError) as refused:
        credential(reference.format(folder=folder))
    assert (refused.value.reason, refused.value.code) == (ReadReason.CONFIG, code)


def test_a_credential_is_never_in_a_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plc").write_text("reader:s3:cret\n")
    monkeypatch.setenv("FIELDLINK_CREDENTIALS", str(tmp_path))
    known = credential(f"file:{tmp_path}/plc")
    assert (known.user, known.password) == ("reader", "s3:cret")
    assert "s3" not in repr(known)
    assert "reader" not in repr(known)


@pytest.mark.enable_socket
def test_the_command_answers_with_values_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with in_thread(lambda: modbus_plant(holding=[0x4048, 0xF5C3])) as port:
        url = f"modbus://127.0.0.1:{port}/1"
        assert main([url, "holding:0::float32", "--json", "--allow-loopback"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["readings"][0]["value"] == "3.14"
        assert main([url, "holding:0", "holding:9", "--allow-loopback"]) == 1
        assert "holding:9  unknown: no_such_point IllegalDataAddress" in capsys.readouterr().out
        assert main([url, "holding:0"]) == 1
        assert "policy_denied Loopback" in capsys.readouterr().out
        assert main([url, "holding:x"]) == 2
        assert main(["ftp://x", "holding:0"]) == 2
        assert main([url, "holding:0", "--network", "nonsense"]) == 2
