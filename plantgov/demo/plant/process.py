"""The plant as one process: servers behind, a front per device, the control channel, the clock."""

from __future__ import annotations

import asyncio
import copy
import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from plantgov.demo.plant import pki
from plantgov.demo.plant import state as memory
from plantgov.demo.plant.behaviour import Image, image_of
from plantgov.demo.plant.catalogue import url_of
from plantgov.demo.plant.control import Control
from plantgov.demo.plant.devices import DEVICES, device_of
from plantgov.demo.plant.front import Front, bound_socket
from plantgov.demo.plant.model import Device, PlantError, PlantRefused
from plantgov.demo.plant.servers.http import HttpPlant
from plantgov.demo.plant.servers.modbus import ModbusPlant
from plantgov.demo.plant.servers.mqtt import MqttPlant
from plantgov.demo.plant.servers.opcua import OpcUaPlant
from plantgov.demo.plant.verbs import VERBS

log = logging.getLogger(__name__)

_TICK_S = 1.0


class Plant:
    """The running plant of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = memory.state_file(data_dir).parent
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(self.folder)
        self.state = memory.load_or_fresh(data_dir)
        self.fronts: dict[str, Front] = {}
        identity = pki.identity(self.folder)
        self.state.server_sha256 = identity.sha256
        self._opcua = OpcUaPlant(_speaking("opcua"), identity)
        self._modbus = ModbusPlant(_speaking("modbus"), self.image)
        self._mqtt = MqttPlant()
        self._http = HttpPlant(_speaking("http"), self.image)
        self._control = Control(token=self.state.token, act=self.act)
        self._clock: asyncio.Task[None] | None = None
        self._acting = asyncio.Lock()
        self._since = time.time()

    def image(self, device: Device) -> Image:
        """What a device shows now."""
        return image_of(device, self.state.devices[device.tag], at=time.time())

    async def start(self) -> None:
        """Start everything; when this returns, every device answers."""
        behind = {
            "opcua": await self._opcua.start(),
            "modbus": await self._modbus.start(),
            "mqtt": await self._mqtt.start(),
            "http": await self._http.start(),
        }
        for device in DEVICES.values():
            self.fronts[device.tag] = Front(bound_socket(self.state.ports.get(device.tag)))
            await self._refresh(device)
        for device in DEVICES.values():
            state, front = self.state.devices[device.tag], self.fronts[device.tag]
            await front.open(behind[device.protocol])
            await front.set_state(stalled=state.stalled, dropped=state.dropped)
        reserved = bound_socket(self.state.control_port or None)
        self.state.ports = {tag: front.port for tag, front in self.fronts.items()}
        self.state.control_port = reserved.getsockname()[1]
        self.state.save()
        await self._control.start(reserved)
        self._clock = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Stop everything; ports and state stay on disk for the next start."""
        self._control.stop()
        for front in self.fronts.values():
            front.close()
        if self._clock is not None:
            self._clock.cancel()
            with suppress(asyncio.CancelledError):
                await self._clock
        for server in (self._http, self._mqtt, self._modbus, self._opcua):
            await server.stop()
        self._lock.close()

    async def act(self, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Carry out a verb of the control channel; raises PlantRefused."""
        async with self._acting:
            if verb == "status":
                return self._status()
            if verb == "reset":
                return await self._reset(arguments.get("tag"))
            if verb not in VERBS:
                raise PlantRefused(f"The plant knows {', '.join(VERBS)}, status and reset, not {verb!r}.")
            device = device_of(str(arguments.get("tag") or ""))
            changed = copy.deepcopy(self.state.devices[device.tag])
            VERBS[verb](device, changed, arguments)
            await self._become({device.tag: changed})
            return self._device_status(device)

    async def _reset(self, tag: str | None) -> dict[str, Any]:
        devices = [device_of(tag)] if tag else list(DEVICES.values())
        await self._become({d.tag: memory.DeviceState.fresh(d) for d in devices})
        return self._device_status(devices[0]) if tag else self._status()

    async def _become(self, changed: dict[str, memory.DeviceState]) -> None:
        """Take over changed states: on disk first, then on the wire."""
        self.state.devices |= changed
        self.state.save()
        for tag, state in changed.items():
            await self._refresh(DEVICES[tag])
            await self.fronts[tag].set_state(stalled=state.stalled, dropped=state.dropped)

    async def _refresh(self, device: Device) -> None:
        """Show a device where showing is not asked for: OPC UA nodes, MQTT messages."""
        if device.protocol == "opcua":
            await self._opcua.show(device, self.image(device))
        elif device.protocol == "mqtt":
            await self._mqtt.show(device, self.image(device))

    async def _tick(self) -> None:
        showing = [*_speaking("opcua"), *_speaking("mqtt")]
        while True:
            await asyncio.sleep(_TICK_S)
            for device in showing:
                if self.state.devices[device.tag].frozen is None:
                    await self._refresh_safely(device)

    async def _refresh_safely(self, device: Device) -> None:
        try:
            await self._refresh(device)
        except Exception:
            log.exception("%s could not be shown; tried again in a second.", device.tag)

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "up_s": round(time.time() - self._since, 1),
            "control_port": self.state.control_port,
            "devices": [self._device_status(device) for device in DEVICES.values()],
        }

    def _device_status(self, device: Device) -> dict[str, Any]:
        state = self.state.devices[device.tag]
        return {
            "tag": device.tag,
            "name": device.name,
            "kind": device.kind,
            "site": device.site,
            "area": device.area,
            "protocol": device.protocol,
            "url": url_of(device, self.fronts[device.tag].port),
            "has_key": device.has_key,
            "interlocks": list(device.bypasses),
            "values": image_of(device, state, at=time.time()).values,
            "program_is_approved": state.program == device.program,
            "overrides": state.overrides,
            "quality": state.quality,
            "stalled": state.stalled,
            "dropped": state.dropped,
        }


def run(data_dir: Path, *, say: Callable[[str], None]) -> None:
    """Run the plant until SIGTERM or SIGINT; raises PlantError where it cannot."""
    asyncio.run(_run(data_dir, say))


async def _run(data_dir: Path, say: Callable[[str], None]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    plant = Plant(data_dir)
    try:
        await plant.start()
        say(f"simulated plant is ready: {len(DEVICES)} devices, control on port {plant.state.control_port}")
        await stopped.wait()
    finally:
        await plant.stop()


def _speaking(protocol: str) -> tuple[Device, ...]:
    return tuple(d for d in DEVICES.values() if d.protocol == protocol)


def _locked(folder: Path) -> IO[str]:
    """An open lock file; raises PlantError where another plant holds it."""
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise PlantError(
            f"A simulated plant already runs with {folder.parent}; stop that one first."
        ) from None
    return file
