"""A plant in a process of its own, and ways to look at it that are not its own code."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fieldlink.runner import run
from fieldlink.spec import EndpointSpec, Plan, PointSpec, Probe, Reading
from plantgov.demo.plant import DevicePoints, PlantClient, describe

ROOT = Path(__file__).resolve().parents[3]
RUN = (sys.executable, "-m", "plantgov.demo.plant")
Read = Callable[..., dict[str, Reading]]


def start(data_dir: Path, *, by_command: bool = False) -> "subprocess.Popen[str]":
    """A plant's process that has said it is ready, started by `manage.py plant run` if wanted."""
    command = [sys.executable, "manage.py", "plant", "run"] if by_command else [*RUN, str(data_dir)]
    environment = {**os.environ, "PLANTGOV_DATA_DIR": str(data_dir)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "is ready" in line, "the plant ended instead of starting"
    return process


def end(process: "subprocess.Popen[str]", *, number: int = signal.SIGTERM) -> int:
    """Send a signal and wait for the end; the exit code."""
    if process.poll() is None:
        os.kill(process.pid, number)
    code = process.wait(10)
    assert process.stdout is not None
    process.stdout.close()
    return code


@contextmanager
def running(data_dir: Path, *, by_command: bool = False) -> Iterator["subprocess.Popen[str]"]:
    """A plant that runs for a while."""
    process = start(data_dir, by_command=by_command)
    try:
        yield process
    finally:
        end(process)


@pytest.fixture(scope="session")
def plant_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a plant that runs as long as the tests do."""
    folder = tmp_path_factory.mktemp("plant data")
    with running(folder):
        yield folder


@pytest.fixture
def plant(plant_dir: Path) -> Iterator[PlantClient]:
    """The hand at the shared plant; what it does is undone after the test."""
    client = PlantClient(plant_dir)
    yield client
    client.reset()


@pytest.fixture(scope="session")
def devices(plant_dir: Path) -> dict[str, DevicePoints]:
    """What the shared plant says it offers, by tag."""
    return {device.tag: device for device in describe(plant_dir)}


def probe_of(device: DevicePoints, *keys: str, timeout_s: float = 3.0) -> Probe:
    """A probe of some points of a device, of all if none is named."""
    return Probe(
        EndpointSpec(uid=device.tag, protocol=device.protocol, url=device.url, timeout_s=timeout_s),
        tuple(
            PointSpec(uid=p.key, address=p.address, datatype=p.datatype, unit=p.unit)
            for p in device.points
            if not keys or p.key in keys
        ),
    )


def readings_of(device: DevicePoints, *keys: str, timeout_s: float = 3.0) -> dict[str, Reading]:
    """What a reader of the field gets from a device, by point."""
    plan = Plan(
        run_uid="test",
        probes=(probe_of(device, *keys, timeout_s=timeout_s),),
        allow_loopback=True,
        deadline_s=6.0,
    )
    return {reading.point_uid: reading for reading in run(plan).readings}


@pytest.fixture
def read(devices: dict[str, DevicePoints]) -> Read:
    """`read(tag, *keys)`: readings by point."""
    return lambda tag, *keys, **options: readings_of(devices[tag], *keys, **options)
