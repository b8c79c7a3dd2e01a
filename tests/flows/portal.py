"""A whole PlantGov with its demonstration, started as a person would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from plantgov.demo.plant import PlantClient
from plantgov.embedded.place import any_free_port

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 240


@dataclass
class Portal:
    """A running demonstration."""

    url: str
    data_dir: Path
    process: subprocess.Popen[bytes]

    @property
    def password(self) -> str:
        """The password that was made on the spot."""
        return (self.data_dir / "keys" / "demo.password").read_text(encoding="utf-8").strip()

    @property
    def plant(self) -> PlantClient:
        """The hand at the panels."""
        return PlantClient(self.data_dir)

    def sign_in(self, page: Page, username: str) -> None:
        """Sign in as one of the personas."""
        page.context.clear_cookies()
        page.goto(f"{self.url}/account/login/")
        page.fill("input[name=login]", username)
        page.fill("input[name=password]", self.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/account/login" not in url)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command against this installation, as its operator would."""
        environment = {**clean_environment(), "PLANTGOV_DATA_DIR": str(self.data_dir)}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def readyz(self) -> dict[str, object]:
        """What the installation says of itself."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310
                return json.load(answer)
        except OSError:
            return {"ready": False}

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


def clean_environment() -> dict[str, str]:
    """The environment without anything that names another database or installation."""
    private = ("DATABASE_", "REDIS_", "PLANTGOV_", "DJANGO_")
    return {key: value for key, value in os.environ.items() if not key.startswith(private)}


def start(data_dir: Path, *words: str) -> Portal:
    """Start `manage.py up` and wait until it is ready."""
    port = any_free_port()
    log = (data_dir.parent / f"{data_dir.name}.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port), *words],
        cwd=ROOT,
        env={**clean_environment(), "PLANTGOV_DATA_DIR": str(data_dir)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    portal = Portal(f"http://localhost:{port}", data_dir, process)
    until = time.monotonic() + START_TIMEOUT_S
    while not portal.readyz()["ready"]:
        if process.poll() is not None or time.monotonic() > until:
            portal.stop()
            raise RuntimeError(
                f"It did not start:\n{(data_dir.parent / f'{data_dir.name}.log').read_text()[-4000:]}"
            )
        time.sleep(0.5)
    return portal
