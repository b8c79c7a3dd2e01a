"""The processes a supervisor keeps alive: started in order, restarted after a crash, stopped."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from plantgov.embedded import processes
from plantgov.embedded.console import Console
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import CHECKOUT, Register
from plantgov.embedded.processes import Death

_LONGEST_PAUSE_S = 30.0
_STEADY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep alive; the command follows the Python interpreter."""

    name: str
    command: tuple[str, ...]
    death: Death = field(default_factory=Death)


@dataclass(slots=True)
class _Alive:
    program: Program
    process: "subprocess.Popen[bytes]"
    started: float
    pause_s: float = 1.0
    restart_at: float | None = None


class Children:
    """The children of one supervisor."""

    def __init__(self, *, environment: Mapping[str, str], console: Console, register: Register) -> None:
        self._environment = environment
        self._console = console
        self._register = register
        self._alive: list[_Alive] = []

    def start(self, program: Program) -> None:
        """Start a program and keep it alive from now on."""
        self._alive.append(_Alive(program, self._spawn(program), time.monotonic()))

    def run(self, program: Program, *, extra: Mapping[str, str] | None = None) -> None:
        """Run a program to its end; its failure stops the start."""
        self.begin(program, extra=extra)()

    def begin(self, program: Program, *, extra: Mapping[str, str] | None = None) -> Callable[[], None]:
        """Start a program that ends by itself; call the result to wait for its success."""
        process = self._spawn(program, extra or {})

        def finish() -> None:
            try:
                code = process.wait()
            except BaseException:
                processes.end(process, death=program.death)
                raise
            finally:
                self._register.remove(program.name)
            if code != 0:
                shown = " ".join(program.command)
                raise CannotStart(f"`{shown}` failed with exit code {code}; its lines are above.")

        return finish

    def revive(self) -> None:
        """Start again what has crashed, with growing pauses; call it every moment."""
        now = time.monotonic()
        for child in self._alive:
            if child.process.poll() is None:
                if child.pause_s > 1 and now - child.started > _STEADY_AFTER_S:
                    child.pause_s = 1.0
            elif child.restart_at is None:
                child.restart_at = now + child.pause_s
                self._console.say(
                    f"  {child.program.name} ended with code {child.process.returncode}; "
                    f"it starts again in {child.pause_s:.0f} s"
                )
            elif now >= child.restart_at:
                processes.kill_group(child.process.pid)
                child.process = self._spawn(child.program)
                child.started, child.restart_at = now, None
                child.pause_s = min(child.pause_s * 2, _LONGEST_PAUSE_S)

    def stop(self) -> None:
        """Stop all of them, last started first."""
        for child in reversed(self._alive):
            with self._console.step(f"stopped {child.program.name}"):
                processes.end(child.process, death=child.program.death)
            self._register.remove(child.program.name)
        self._alive.clear()

    def _spawn(self, program: Program, extra: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        process = processes.spawn(
            python_command(program.command),
            environment={**self._environment, **(extra or {})},
            cwd=CHECKOUT,
            output=subprocess.PIPE,
            death=program.death,
        )
        self._register.add(program.name, process.pid, death=program.death)
        if process.stdout is not None:
            self._console.follow(program.name, process.stdout)
        return process


def python_command(command: Sequence[str]) -> list[str]:
    """The command with the interpreter that runs us in front."""
    return [sys.executable, *command]


def manage(*arguments: str) -> tuple[str, ...]:
    """A `manage.py` command."""
    return ("manage.py", *arguments)


def has_command(name: str) -> bool:
    """Whether this checkout has a management command of that name."""
    return any(
        path
        for floor in (".", "plantgov")
        for path in (CHECKOUT / floor).glob(f"*/management/commands/{name}.py")
    )
