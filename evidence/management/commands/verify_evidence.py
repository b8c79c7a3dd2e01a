"""Verify an evidence bundle with the very program that travels in it."""

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from plantgov.audit import verifier


class Command(BaseCommand):
    help = "Verify a bundle. Exit codes: 0 valid, 1 not valid, 2 could not run or no key named to trust."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", metavar="F.zip")
        parser.add_argument("--key", metavar="K", help="public key file that came another way")
        parser.add_argument("--fingerprint", metavar="X", help="its SHA-256 in hex")

    def handle(self, *args: Any, **options: Any) -> None:
        program = Path(verifier.__file__).parent / "verify.py"
        extra = [
            word for name in ("key", "fingerprint") if options[name] for word in (f"--{name}", options[name])
        ]
        done = subprocess.run([sys.executable, "-I", str(program), options["bundle"], *extra], check=False)
        raise SystemExit(done.returncode)
