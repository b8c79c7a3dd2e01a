"""`manage.py plant`: run the simulated plant, and be the hand at its panels."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from plantgov.demo.plant import PlantClient, PlantError, PlantRefused

_ANSWER_IS_NO, _COULD_NOT_RUN = 1, 2
# The plant needs none of these, so it does not get them.
_PRIVATE = ("PLANTGOV_", "DATABASE_", "REDIS_")
Options = dict[str, Any]


class Command(BaseCommand):
    help = "Run the simulated plant, turn its keys, set bypasses, change programs, stop and break devices."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser("run", help="run the plant in the foreground until Ctrl-C")
        for name, text, arguments in _VERBS:
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("--json", action="store_true", help="print one JSON document")
            for argument, details in arguments.items():
                verb.add_argument(argument, **details)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["verb"] == "run":
                _become_the_plant()
            answer = _ACTIONS[options["verb"]](PlantClient(settings.PLANTGOV_DATA_DIR), options)
        except PlantError as error:
            if options.get("json"):
                self._say(json.dumps({"error": str(error)}, ensure_ascii=False))
            code = _ANSWER_IS_NO if isinstance(error, PlantRefused) else _COULD_NOT_RUN
            raise CommandError(str(error), returncode=code) from None
        self._show(answer, as_json=options["json"])

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _show(self, answer: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self._say(json.dumps(answer, ensure_ascii=False, indent=2))
            return
        for device in answer.get("devices", [answer]):
            self._say(_line(device))


def _become_the_plant() -> None:
    """Let the plant's own program take this process over: it needs neither Django nor secrets."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_PRIVATE)}
    path = [str(settings.BASE_DIR), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(path)
    command = [sys.executable, "-m", "plantgov.demo.plant", str(settings.PLANTGOV_DATA_DIR)]
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606 -- our own program, by argument list


def _line(device: dict[str, Any]) -> str:
    """One device on one line: what it is, where it answers, and what is unusual about it."""
    values = device["values"]
    parts = [f"{device['tag']:<11}", f"{device['url']:<34}", f"{values['run_state']:<6}"]
    parts.append(f"{values.get('mode', ''):<5}")
    return " ".join([*parts, ", ".join(_unusual(device))]).rstrip()


def _unusual(device: dict[str, Any]) -> list[str]:
    values = device["values"]
    said = [f"bypass {name}" for name in values.get("bypasses", [])]
    if values.get("forces"):
        said.append(f"{values['forces']} forces")
    if not device["program_is_approved"]:
        said.append(f"program {values['program_name']}")
    if values.get("standstill"):
        said.append("standstill")
    if device["quality"] != "good":
        said.append(f"quality {device['quality']}")
    said += [f"{point} held at {value}" for point, value in device["overrides"].items()]
    return said + [word for word in ("stalled", "dropped") if device[word]]


def _bypass(plant: PlantClient, options: Options) -> dict[str, Any]:
    return plant.bypass(options["tag"], options["name"], clear=options["clear"])


def _program(plant: PlantClient, options: Options) -> dict[str, Any]:
    if options["action"] == "restore":
        return plant.restore_program(options["tag"])
    if not options["name"]:
        raise PlantRefused("Say which program to load: `plant program TAG load NAME`.")
    return plant.load_program(options["tag"], options["name"])


def _set(plant: PlantClient, options: Options) -> dict[str, Any]:
    if options["clear"]:
        return plant.clear_point(options["tag"], options["point"])
    if options["value"] is None:
        raise PlantRefused("Say the value, or --clear to let the point go back to the simulation.")
    return plant.set_point(options["tag"], options["point"], options["value"])


_ACTIONS: dict[str, Callable[[PlantClient, Options], dict[str, Any]]] = {
    "status": lambda plant, _: plant.status(),
    "key": lambda plant, o: plant.turn_key(o["tag"], o["mode"]),
    "bypass": _bypass,
    "forces": lambda plant, o: plant.forces(o["tag"], o["count"]),
    "program": _program,
    "stop": lambda plant, o: plant.stop(o["tag"]),
    "start": lambda plant, o: plant.start(o["tag"]),
    "set": _set,
    "quality": lambda plant, o: plant.quality(o["tag"], o["quality"]),
    "stall": lambda plant, o: plant.stall(o["tag"], off=o["off"]),
    "drop": lambda plant, o: plant.drop(o["tag"], off=o["off"]),
    "reset": lambda plant, o: plant.reset(o["tag"]),
}
_TAG: dict[str, Options] = {"tag": {"metavar": "TAG"}}
_OFF: dict[str, Options] = {"--off": {"action": "store_true", "help": "let the device work again"}}
_CLEAR: dict[str, Options] = {"--clear": {"action": "store_true", "help": "take it away again"}}
_VERBS: tuple[tuple[str, str, dict[str, Options]], ...] = (
    ("status", "list the devices and what is unusual about them", {}),
    ("key", "turn a key switch: RUN, REM or PROG", _TAG | {"mode": {"metavar": "MODE"}}),
    ("bypass", "set or clear an interlock bypass", _TAG | {"name": {"metavar": "NAME"}} | _CLEAR),
    ("forces", "set the number of forces", _TAG | {"count": {"metavar": "N", "type": int}}),
    (
        "program",
        "load another program, or restore the approved one",
        _TAG | {"action": {"choices": ("load", "restore")}, "name": {"nargs": "?", "metavar": "NAME"}},
    ),
    ("stop", "stop a machine", _TAG),
    ("start", "start a machine", _TAG),
    (
        "set",
        "hold a point at a value",
        _TAG | {"point": {"metavar": "POINT"}, "value": {"nargs": "?", "metavar": "VALUE"}} | _CLEAR,
    ),
    ("quality", "good, uncertain, bad or stale", _TAG | {"quality": {"metavar": "QUALITY"}}),
    ("stall", "accept connections and never answer", _TAG | _OFF),
    ("drop", "refuse connections", _TAG | _OFF),
    ("reset", "back to the state after commissioning", {"tag": {"nargs": "?", "metavar": "TAG"}}),
)
