"""The repository keeps its own rules."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ["plantgov", "fieldlink", "assets", "access", "operations", "changes", "evidence"]
SOURCES = [
    path
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and "vendor" not in path.parts
]
DOORS = {"views", "api", "forms", "filters", "urls", "tasks", "selectors", "rules", "states"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


ONE_FILE_ON_PURPOSE = {"plantgov/audit/verifier/verify.py"}  # it travels alone inside evidence bundles


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if _name(path) not in ONE_FILE_ON_PURPOSE], ids=_name
)
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_nothing_acts_by_signal(path):
    if path.name == "adapter.py":
        return  # the one adapter of sign-in events
    text = path.read_text(encoding="utf-8")
    assert "@receiver" not in text
    assert not re.search(r"import signals\b", text)


def _room(path: Path) -> set[str]:
    return DOORS & {path.stem, *(part for part in path.relative_to(ROOT).parts)}


@pytest.mark.parametrize("path", [p for p in SOURCES if _room(p)], ids=_name)
def test_doors_write_nothing(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            written = node.func.attr in {"bulk_create", "bulk_update", "get_or_create", "update_or_create"}
            written |= node.func.attr in {"save", "delete"} and not node.args and not node.keywords
            assert not written, f"{_name(path)}:{node.lineno} writes; call a service"


@pytest.mark.parametrize(
    "model", [m for m in apps.get_models() if m.__module__.split(".")[0] in APPS], ids=lambda m: m._meta.label
)
def test_every_model_says_whether_it_is_governed(model):
    reason = getattr(model, "governed", None)
    assert reason is True or (isinstance(reason, str) and len(reason) > 10), model._meta.label


def test_no_file_names_the_folder_it_was_written_in():
    above = f"{ROOT.parent}/"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if (
            len(above) > 2
            and path.suffix in {".py", ".md", ".html", ".toml", ".txt", ".in"}
            and path.is_file()
        ):
            assert above not in path.read_text(encoding="utf-8", errors="replace"), f"{name} names {above}"


def test_every_adr_has_its_four_parts():
    for path in (ROOT / "docs" / "adr").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        for part in ("Status:", "## Context", "## Decision", "## Consequences"):
            assert part in text, f"{path.name} lacks {part}"


def test_every_requirement_says_why_it_is_here():
    for path in ROOT.glob("requirements*.in"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-")):
                assert "#" in line, f"{path.name}: {line}"


@pytest.mark.parametrize("path", sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]), ids=_name)
def test_no_link_of_the_docs_is_dead(path):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith(("mailto:", "/")):
            assert (path.parent / target).exists(), f"{_name(path)} points to {target}"
