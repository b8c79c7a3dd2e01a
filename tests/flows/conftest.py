"""One demonstration for all stories of a worker."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import browser  # noqa: F401 - the fixture
from tests.flows.portal import Portal, start


@pytest.fixture(scope="session")
def demo() -> Iterator[Portal]:
    """`make run`, in a folder of its own whose path has a space in it."""
    folder = Path(tempfile.mkdtemp(prefix="plantgov flow "))
    folder.chmod(0o755)  # the servers run as another user when root starts them
    portal = start(folder / "data", "--demo")
    yield portal
    portal.stop()
    shutil.rmtree(folder, ignore_errors=True)
