#!/usr/bin/env python3
"""Vendors what the browser needs, from npm tarballs pinned by version and integrity.

The manifest `plantgov/static/vendor/manifest.json` is the lock: package, version, sha512 of the
tarball, licence, and each file with its sha256. A maintainer runs this with npm at hand; nobody
else needs node.

    python scripts/vendor.py             fetch what the manifest pins and check every digest
    python scripts/vendor.py --relock    the same, writing the digests of newly listed files
    python scripts/vendor.py --check     compare the files in the tree with the manifest, offline
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).resolve().parent.parent / "plantgov" / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"
# The manifest storage follows these comments to maps that are not shipped, and fails.
SOURCE_MAP = re.compile(rb"\s*(?:/\*[#@] sourceMappingURL=\S+ ?\*/|//[#@] sourceMappingURL=\S+)\s*$")
MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software "
    'and associated documentation files (the "Software"), to deal in the Software without '
    "restriction, including without limitation the rights to use, copy, modify, merge, publish, "
    "distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the "
    "Software is furnished to do so, subject to the following conditions:\n\n"
    "The above copyright notice and this permission notice shall be included in all copies or "
    "substantial portions of the Software.\n\n"
    'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING '
    "BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND "
    "NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, "
    "DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING "
    "FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.\n"
)


def main() -> int:
    """Runs the asked command; 0 when every digest agrees, 1 when one does not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--relock", action="store_true", help="write digests of the files listed")
    parser.add_argument("--check", action="store_true", help="only compare the tree, offline")
    options = parser.parse_args()
    manifest = json.loads(MANIFEST.read_text())
    if options.check:
        return report(differences(manifest))
    for package in manifest["packages"]:
        vendor(package, relock=options.relock)
    write_licences(manifest)
    if options.relock:
        MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return report(differences(manifest))


def vendor(package: dict[str, Any], *, relock: bool) -> None:
    """Fetches one package, checks its integrity and copies its files."""
    with tempfile.TemporaryDirectory() as folder:
        tarball = fetch(package, Path(folder))
        if integrity(tarball) != package["integrity"]:
            raise SystemExit(f"{package['name']}: the tarball is not the one the manifest pins.")
        with tarfile.open(tarball) as archive:
            for target, entry in package["files"].items():
                copy(archive, entry, VENDOR / target, relock=relock)
            write_licence(archive, package)


def fetch(package: dict[str, Any], folder: Path) -> Path:
    """Downloads the tarball through npm, from whichever registry npm is set up for."""
    wanted = f"{package['name']}@{package['version']}"
    subprocess.run(
        ["npm", "pack", wanted, "--silent", "--pack-destination", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return next(folder.glob("*.tgz"))


def copy(archive: tarfile.TarFile, entry: dict[str, str], target: Path, *, relock: bool) -> None:
    """Copies one file out of the tarball and checks, or with relock records, its digest."""
    content = SOURCE_MAP.sub(b"\n", read(archive, entry["from"]))
    digest = hashlib.sha256(content).hexdigest()
    if relock:
        entry["sha256"] = digest
    elif digest != entry["sha256"]:
        raise SystemExit(f"{target.name}: its content is not the one the manifest pins.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def read(archive: tarfile.TarFile, name: str) -> bytes:
    """Reads a member of an npm tarball."""
    member = archive.extractfile(f"package/{name}")
    if member is None:
        raise SystemExit(f"The tarball has no {name}.")
    return member.read()


def write_licence(archive: tarfile.TarFile, package: dict[str, Any]) -> None:
    """Keeps the package's licence text; a package without the file gets its stated licence."""
    target = VENDOR / package["folder"] / "LICENSE"
    if "licence_file" in package:
        target.write_bytes(read(archive, package["licence_file"]))
    elif package["licence"] == "MIT":
        target.write_text(f"MIT License\n\n{package['copyright']}\n\n{MIT}")
    else:
        raise SystemExit(f"{package['name']}: name the file that holds its licence.")


def write_licences(manifest: dict[str, Any]) -> None:
    """Writes the page that names every vendored package with its licence."""
    lines = [
        "# Licences of the vendored files",
        "",
        "Written by `scripts/vendor.py` from `manifest.json`; the full texts stand beside the files.",
        "",
        "| Package | Version | Licence | Copyright | Text |",
        "|---|---|---|---|---|",
    ]
    for package in manifest["packages"]:
        folder = package["folder"]
        lines.append(
            f"| {package['name']} | {package['version']} | {package['licence']} "
            f"| {package['copyright']} | [{folder}/LICENSE]({folder}/LICENSE) |"
        )
    (VENDOR / "LICENSES.md").write_text("\n".join(lines) + "\n")


def differences(manifest: dict[str, Any]) -> list[str]:
    """Says which files in the tree are missing, altered or not in the manifest."""
    found = []
    known = {"manifest.json", "LICENSES.md"}
    for package in manifest["packages"]:
        known.add(f"{package['folder']}/LICENSE")
        for name, entry in package["files"].items():
            known.add(name)
            path = VENDOR / name
            if not path.exists():
                found.append(f"{name} is missing")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
                found.append(f"{name} differs from the manifest")
    present = {p.relative_to(VENDOR).as_posix() for p in VENDOR.rglob("*") if p.is_file()}
    found += [f"{name} is not in the manifest" for name in sorted(present - known)]
    found += [f"{name} is missing" for name in sorted(known - present) if name.endswith("LICENSE")]
    return found


def integrity(tarball: Path) -> str:
    """The digest npm states for a tarball."""
    digest = hashlib.sha512(tarball.read_bytes()).digest()
    return "sha512-" + base64.b64encode(digest).decode()


def report(problems: list[str]) -> int:
    """Prints the differences and gives the exit code."""
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
