"""Files: stored once by content, whole or not at all, downloaded safely, found damaged when they are."""

import hashlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Forbidden, Hidden, Refused
from plantgov.workspace.models import File
from plantgov.workspace.services import files
from tests.factories import again, make_plant
from tests.signing_in import sign_in

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def plant():
    return make_plant()


def attach(plant, name="report.pdf", data=b"%PDF-1.7", by="engineer"):
    upload = files.Upload(name, "application/pdf", BytesIO(data))
    return files.attach(plant.filler, upload, by=again(plant.people[by]), at=now())


def on_disk(root):
    return [path for path in root.rglob("*") if path.is_file()]


def test_the_same_content_is_stored_once(plant, root):
    first, second = attach(plant), attach(plant, name="copy.pdf")
    assert first.sha256 == second.sha256 == hashlib.sha256(b"%PDF-1.7").hexdigest()
    assert on_disk(root) == [files.path_of(first.sha256)]
    assert files.read(first) == b"%PDF-1.7"


def test_a_file_that_is_too_large_leaves_nothing(plant, root, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    with pytest.raises(BadInput, match="larger than"):
        attach(plant, data=b"12345678901")
    assert on_disk(root) == []
    assert not File.objects.exists()


def test_an_upload_that_breaks_off_leaves_nothing(plant, root):
    def _chunks():
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        files.store(_chunks())
    assert on_disk(root) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [("setup.exe", b"x"), ("SETUP.EXE", b"x"), ("readme.txt", b"MZ\x90"), ("run", b"#!/bin/sh"), ("", b"x")],
)
def test_programs_and_nameless_files_are_refused(plant, root, name, data):
    with pytest.raises(BadInput):
        attach(plant, name=name, data=data)
    assert on_disk(root) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\plc.L5X", "plc.L5X"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        (".htaccess", "htaccess"),
        ("Bericht März.pdf", "Bericht März.pdf"),
    ],
)
def test_a_name_is_kept_without_what_could_do_harm(plant, given, kept):
    row = attach(plant, name=given)
    assert row.name == kept


def test_a_download_is_an_attachment_that_no_browser_runs(client, plant):
    row = attach(plant, name="März.svg", data=b"<svg onload=alert(1)>")
    sign_in(plant.engineer, client)
    answer = client.get(f"/files/{row.uid}/")
    assert b"".join(answer.streaming_content) == b"<svg onload=alert(1)>"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_who_may_not_see_the_thing_gets_neither_file_nor_hint(client, plant):
    row = attach(plant)
    sign_in(plant.stranger, client)
    assert client.get(f"/files/{row.uid}/").status_code == 404
    listed = client.get("/api/v1/files", {"thing_kind": "assets.asset", "thing_uid": str(plant.filler.uid)})
    assert listed.status_code == 404
    with pytest.raises((Hidden, Forbidden)):
        attach(plant, by="stranger")


def test_content_that_was_altered_on_the_disk_is_found(plant):
    row = attach(plant)
    path = files.path_of(row.sha256)
    path.chmod(0o600)
    path.write_bytes(b"%PDF-6.6")
    with pytest.raises(Refused, match="altered on the disk"):
        files.read(row)
    path.unlink()
    with pytest.raises(Refused, match="lost"):
        files.read(row)


def test_a_file_comes_in_by_the_page_of_its_thing(client, plant):
    sign_in(plant.engineer, client)
    given = SimpleUploadedFile("note.txt", b"Nozzle 4", content_type="text/plain")
    answer = client.post(f"/files/assets.asset/{plant.filler.uid}/add", {"file": given})
    assert answer.status_code == 302
    row = File.objects.get()
    assert (row.name, row.size, row.thing_uid) == ("note.txt", 8, plant.filler.uid)
    without = client.post(f"/files/assets.asset/{plant.filler.uid}/add")
    assert without.status_code == 302
    assert File.objects.count() == 1
