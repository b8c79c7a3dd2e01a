"""The hand at the plant's panels: what the command, the demo's page and the tests use."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Any

from plantgov.demo.plant import state as memory
from plantgov.demo.plant.front import HOST
from plantgov.demo.plant.model import PlantError, PlantRefused, PlantUnreachable, Scalar

DeviceStatus = dict[str, Any]


class PlantClient:
    """Verbs on the plant that runs with a data directory; each returns the device as it now is.

    Raises PlantRefused where the plant says no, PlantUnreachable where none answers.
    """

    def __init__(self, data_dir: Path, *, timeout_s: float = 5.0) -> None:
        self.data_dir = Path(data_dir)
        self.timeout_s = timeout_s

    def status(self) -> dict[str, Any]:
        """The whole plant: `pid`, `up_s`, `control_port`, `devices`."""
        return self._call("GET", "status", {})

    def device(self, tag: str) -> DeviceStatus:
        """One device of the status."""
        for device in self.status()["devices"]:
            if device["tag"] == tag.strip().upper():
                found: DeviceStatus = device
                return found
        raise PlantRefused(f"There is no device {tag!r}; `manage.py plant status` lists the tags.")

    def is_running(self) -> bool:
        """Whether a plant answers."""
        try:
            self.status()
        except PlantUnreachable:
            return False
        return True

    def wait_ready(self, *, timeout_s: float = 30.0) -> None:
        """Return when the plant answers; raises PlantUnreachable after `timeout_s`."""
        until = time.monotonic() + timeout_s
        while not self.is_running():
            if time.monotonic() > until:
                raise PlantUnreachable(f"The simulated plant did not answer within {timeout_s:.0f} s.")
            time.sleep(0.1)

    def turn_key(self, tag: str, mode: str) -> DeviceStatus:
        """Turn the mode switch to RUN, REM or PROG."""
        return self._do("key", tag, mode=mode)

    def bypass(self, tag: str, name: str, *, clear: bool = False) -> DeviceStatus:
        """Set an interlock bypass, or clear it."""
        return self._do("bypass", tag, name=name, clear=clear)

    def forces(self, tag: str, count: int) -> DeviceStatus:
        """Set how many inputs and outputs are forced."""
        return self._do("forces", tag, count=count)

    def load_program(self, tag: str, name: str) -> DeviceStatus:
        """Download another program."""
        return self._do("load", tag, name=name)

    def restore_program(self, tag: str) -> DeviceStatus:
        """Download the approved program again."""
        return self._do("restore", tag)

    def stop(self, tag: str) -> DeviceStatus:
        """Stop the machine."""
        return self._do("stop", tag)

    def start(self, tag: str) -> DeviceStatus:
        """Start the machine."""
        return self._do("start", tag)

    def set_point(self, tag: str, point: str, value: Scalar) -> DeviceStatus:
        """Hold a point at a value: a process value, `major_fault`, `firmware` …"""
        return self._do("set", tag, point=point, value=value)

    def clear_point(self, tag: str, point: str) -> DeviceStatus:
        """Let a point go back to the simulation."""
        return self._do("set", tag, point=point, clear=True)

    def quality(self, tag: str, quality: str) -> DeviceStatus:
        """Make what the device shows good, uncertain, bad or stale."""
        return self._do("quality", tag, quality=quality)

    def stall(self, tag: str, *, off: bool = False) -> DeviceStatus:
        """Let the device accept connections and never answer."""
        return self._do("stall", tag, off=off)

    def drop(self, tag: str, *, off: bool = False) -> DeviceStatus:
        """Let the device refuse connections."""
        return self._do("drop", tag, off=off)

    def reset(self, tag: str | None = None) -> dict[str, Any]:
        """Bring one device, or all of them, back to the state after commissioning."""
        return self._call("POST", "reset", {} if tag is None else {"tag": tag})

    def _do(self, verb: str, tag: str, **arguments: Scalar) -> DeviceStatus:
        return self._call("POST", verb, {"tag": tag} | arguments)

    def _call(self, method: str, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        known = memory.load(self.data_dir)
        connection = http.client.HTTPConnection(HOST, known.control_port, timeout=self.timeout_s)
        try:
            headers = {"Authorization": f"Bearer {known.token}", "Content-Type": "application/json"}
            body = json.dumps(arguments) if method == "POST" else None
            connection.request(method, f"/{verb}", body, headers)
            response = connection.getresponse()
            document = json.loads(response.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise PlantUnreachable(
                f"The simulated plant of {self.data_dir} does not answer ({type(error).__name__}); "
                "start it with `manage.py plant run`."
            ) from None
        finally:
            connection.close()
        return _accepted(response.status, document)


def _accepted(status: int, document: Any) -> dict[str, Any]:
    if status == http.client.OK and isinstance(document, dict):
        return document
    text = document.get("error", "") if isinstance(document, dict) else ""
    if status == http.client.CONFLICT:
        raise PlantRefused(text)
    raise PlantError(text or f"The simulated plant answered {status}.")
