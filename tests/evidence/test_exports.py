"""Evidence of a change: asked for in scope, built by a worker, verified without the server."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.urls import reverse

from evidence.models import Export
from evidence.selectors import population
from evidence.services import exports
from plantgov.audit import verifier
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Forbidden
from plantgov.workspace.models import Job
from plantgov.workspace.services import jobs
from tests.factories import again, make_change, make_plant
from tests.signing_in import sign_in


def _verify(bundle: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "bundle.zip"
    path.write_bytes(bundle)
    fingerprint = zipfile.ZipFile(path).read("keys/fingerprint.txt").decode().split()[0]
    program = Path(verifier.__file__).parent / "verify.py"
    words = [sys.executable, "-I", "-S", str(program), str(path), "--fingerprint", fingerprint]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.serial
def test_a_bundle_is_made_by_a_job_and_verifies_until_a_byte_changes(fresh_database, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    plant = make_plant()
    change = make_change(plant)
    row = exports.request([change.reference], purpose="Audit of May", by=again(plant.compliance), at=now())
    assert row.state == Export.State.WAITING
    assert jobs.run(str(row.job.uid))
    row.refresh_from_db()
    assert (row.state, Job.objects.get().state) == (Export.State.READY, "done"), row.error
    content = exports.files.path_of(row.sha256).read_bytes()
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert f"changes/{change.reference}/record.json" in names
    good = _verify(content, tmp_path)
    assert good.returncode == 0, good.stdout + good.stderr

    forged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"Raise the filling rate", b"Lower the filling rate"))
    bad = _verify(forged.getvalue(), tmp_path)
    assert bad.returncode == 1
    assert "record.json" in bad.stdout + bad.stderr


@pytest.mark.django_db
def test_only_who_may_exports_and_only_what_is_in_view():
    plant = make_plant()
    change = make_change(plant)
    with pytest.raises(Forbidden):
        exports.request([change.reference], purpose="Curiosity", by=plant.engineer, at=now())
    with pytest.raises(BadInput) as refused:
        exports.request(["CHG-1999-0001"], purpose="", by=plant.compliance, at=now())
    assert set(refused.value.errors) == {"references", "purpose"}
    assert not Export.objects.exists()


@pytest.mark.django_db
def test_cells_that_a_spreadsheet_would_run_are_made_harmless():
    plant = make_plant()
    change = make_change(plant)
    change.title = '=HYPERLINK("http://example.org")'
    assert b"'=HYPERLINK" in population([change])


@pytest.mark.django_db
def test_the_pages_and_the_api_of_exports(client):
    plant = make_plant()
    change = make_change(plant)
    sign_in(plant.compliance, client)
    assert client.get(reverse("evidence:list")).status_code == 200
    wrong = client.post(reverse("evidence:list"), {"references": "CHG-1999-0001", "purpose": "x"})
    assert wrong.status_code == 400
    made = client.post(reverse("evidence:list"), {"references": change.reference.lower(), "purpose": "Audit"})
    row = Export.objects.get()
    assert made["Location"] == reverse("evidence:detail", args=[row.uid])
    assert client.get(made["Location"]).status_code == 200
    assert client.get(reverse("evidence:file", args=[row.uid])).status_code == 404
    body = {"references": [change.reference], "purpose": "Audit"}
    assert client.post("/api/v1/exports", body, content_type="application/json").status_code == 202
    assert client.get("/api/v1/exports").json()["count"] == 2
    sign_in(plant.engineer, client)
    assert client.get(reverse("evidence:list")).status_code == 403
    assert client.get(reverse("evidence:detail", args=[row.uid])).status_code == 404
