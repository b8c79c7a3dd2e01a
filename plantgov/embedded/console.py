"""What a supervisor prints: steps with their time, children's lines with their name."""

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TextIO

_COLOURS = ("36", "35", "33", "32", "34", "31")


class Console:
    """Writes whole lines, from any thread; in colour only on a terminal that wants it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._colours: dict[str, str] = {}
        self._coloured = self._stream.isatty() and "NO_COLOR" not in os.environ
        self.started = time.monotonic()

    def say(self, text: str = "") -> None:
        """Write one line; a reader that went away does not stop us."""
        with self._lock:
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                pass

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say WHAT, with the seconds it took, once it is done."""
        began = time.monotonic()
        yield
        self.say(f"  {what:<44} {time.monotonic() - began:6.1f} s")

    def follow(self, name: str, pipe: IO[bytes]) -> threading.Thread:
        """Copy a child's output, each line behind the child's name."""
        thread = threading.Thread(target=self._copy, args=(name, pipe), daemon=True)
        thread.start()
        return thread

    def block(self, title: str, lines: Sequence[str]) -> None:
        """Write what the reader has come for, set apart from the log."""
        rule = "─" * 72
        self.say("\n".join(["", rule, f" {title}", *(f"   {line}" for line in lines), rule, ""]))

    def _copy(self, name: str, pipe: IO[bytes]) -> None:
        with pipe:
            for raw in pipe:
                self.say(self._prefix(name) + raw.decode(errors="replace").rstrip())

    def _prefix(self, name: str) -> str:
        plain = f"{name:>8} │ "
        if not self._coloured:
            return plain
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\033[{colour}m{plain}\033[0m"
