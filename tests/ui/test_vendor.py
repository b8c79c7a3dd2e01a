"""What is vendored is what the manifest pins, with its licence."""

import hashlib
import importlib.util
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

ROOT = Path(settings.BASE_DIR)
VENDOR = ROOT / "plantgov" / "static" / "vendor"
PACKAGES = json.loads((VENDOR / "manifest.json").read_text())["packages"]
FILES = [(name, entry) for package in PACKAGES for name, entry in package["files"].items()]


def _script():
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "scripts" / "vendor.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_vendored_file_has_the_digest_of_the_manifest():
    wrong = [n for n, e in FILES if hashlib.sha256((VENDOR / n).read_bytes()).hexdigest() != e["sha256"]]
    assert wrong == []


def test_nothing_stands_in_the_vendor_folder_that_the_manifest_does_not_name():
    assert _script().differences({"packages": PACKAGES}) == []


def test_an_altered_missing_or_extra_file_is_noticed(tmp_path, monkeypatch):
    script = _script()
    monkeypatch.setattr(script, "VENDOR", tmp_path)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.js").write_text("altered")
    (tmp_path / "p" / "extra.js").write_text("")
    package = {"folder": "p", "files": {"p/a.js": {"sha256": "0"}, "p/b.js": {"sha256": "0"}}}
    assert script.differences({"packages": [package]}) == [
        "p/a.js differs from the manifest",
        "p/b.js is missing",
        "p/extra.js is not in the manifest",
        "p/LICENSE is missing",
    ]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p["name"])
def test_every_package_is_pinned_and_brings_its_licence(package):
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["integrity"].startswith("sha512-")
    text = (VENDOR / package["folder"] / "LICENSE").read_text()
    assert {"MIT": "Permission is hereby granted", "OFL-1.1": "SIL OPEN FONT LICENSE"}[
        package["licence"]
    ] in text
    listed = (VENDOR / "LICENSES.md").read_text()
    assert f"| {package['name']} | {package['version']} | {package['licence']} |" in listed


def test_no_vendored_file_points_at_a_source_map_that_is_not_there():
    texts = [p for p in VENDOR.rglob("*") if p.suffix in {".js", ".css"}]
    assert texts
    assert [p.name for p in texts if "sourceMappingURL" in p.read_text()] == []


def test_static_files_can_be_collected_with_hashed_names(tmp_path):
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    finders = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=storages, STATICFILES_FINDERS=finders):
        call_command("collectstatic", interactive=False, verbosity=0)
    paths = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    tokens = (tmp_path / paths["css/tokens.css"]).read_text()
    assert paths["vendor/inter/inter-latin.woff2"].rsplit("/", 1)[1] in tokens
