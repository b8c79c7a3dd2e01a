"""What the plant remembers between two runs: ports, control token, and what was done to devices."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from plantgov.demo.plant.devices import DEVICES
from plantgov.demo.plant.model import Device, PlantUnreachable, PointValue


@dataclass(slots=True)
class DeviceState:
    """What differs between a device now and a device fresh from commissioning.

    The machine goes from `level_from` at `changed_at` to 1 (running) or 0 (still). `frozen` holds
    the values, and the time they are from, of a device whose image is no longer refreshed.
    """

    program: str
    changes: int
    mode: str = "RUN"
    started: bool = True
    level_from: float = 1.0
    changed_at: float = 0.0
    forces: int = 0
    bypasses: list[str] = field(default_factory=list)
    overrides: dict[str, PointValue] = field(default_factory=dict)
    quality: str = "good"
    frozen: dict[str, Any] | None = None
    stalled: bool = False
    dropped: bool = False

    @classmethod
    def fresh(cls, device: Device) -> DeviceState:
        """The state of a device nobody has touched."""
        return cls(program=device.program, changes=device.changes)


@dataclass(slots=True)
class PlantState:
    """The whole plant's memory, kept in one file that only its owner can read."""

    file: Path
    token: str
    devices: dict[str, DeviceState]
    control_port: int = 0
    ports: dict[str, int] = field(default_factory=dict)
    server_sha256: str = ""

    def save(self) -> None:
        """Write the file in one step: a reader sees the old one or the new one."""
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.file.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._document(), file, indent=1, ensure_ascii=False)
        new.replace(self.file)

    def _document(self) -> dict[str, Any]:
        return {
            "control_port": self.control_port,
            "token": self.token,
            "ports": self.ports,
            "server_sha256": self.server_sha256,
            "devices": {tag: asdict(state) for tag, state in self.devices.items()},
        }


def state_file(data_dir: Path) -> Path:
    """Where a plant with this data directory keeps its memory."""
    return Path(data_dir) / "plant" / "plant.json"


def load(data_dir: Path) -> PlantState:
    """The memory of a plant that ran before; raises PlantUnreachable."""
    file = state_file(data_dir)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlantUnreachable(
            f"No simulated plant has run with {data_dir} yet; start it with `manage.py plant run`."
        ) from None
    except (OSError, ValueError) as error:
        raise PlantUnreachable(f"{file} cannot be read ({error}); delete it to start afresh.") from None
    return PlantState(
        file=file,
        token=document["token"],
        devices=_devices(document["devices"]),
        control_port=document["control_port"],
        ports=document["ports"],
        server_sha256=document["server_sha256"],
    )


def load_or_fresh(data_dir: Path) -> PlantState:
    """The memory of the last run, or that of a plant just built."""
    if state_file(data_dir).exists():
        return load(data_dir)
    return PlantState(state_file(data_dir), token=secrets.token_urlsafe(32), devices=_devices({}))


def _devices(kept: dict[str, dict[str, Any]]) -> dict[str, DeviceState]:
    return {
        tag: DeviceState(**kept[tag]) if tag in kept else DeviceState.fresh(device)
        for tag, device in DEVICES.items()
    }
