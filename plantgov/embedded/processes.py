"""Start and end child processes so that none outlives its supervisor unnoticed."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """The operating-system user that a server runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Death:
    """How a process is asked to end: signals in turn, each with the seconds it is given."""

    steps: tuple[tuple[int, float], ...] = ((signal.SIGTERM, 10.0),)

    @property
    def first(self) -> int:
        """The polite signal."""
        return self.steps[0][0]


def spawn(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    cwd: str | Path = "/",
    output: IO[bytes] | int = subprocess.DEVNULL,
    identity: Identity | None = None,
    death: Death | None = None,
) -> "subprocess.Popen[bytes]":
    """Start COMMAND in a session of its own; call from the main thread (see `_dies_with_us`)."""
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o077,
        # Safe beside threads: between fork and exec it makes two system calls and takes no lock.
        preexec_fn=_dies_with_us((death or Death()).first),  # noqa: PLW1509
        user=identity.uid if identity else None,
        group=identity.gid if identity else None,
        extra_groups=[] if identity else None,
    )


def _dies_with_us(number: int) -> Callable[[], None] | None:
    """On Linux, have the kernel signal the child when we die, even by kill -9.

    The kernel watches the thread that forked, so children are made by the main thread only.
    It runs after the change of user, which would clear the setting.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def end(process: "subprocess.Popen[bytes]", *, death: Death) -> int:
    """End a child of ours step by step, then whatever is left of its group."""
    for number, wait_s in death.steps:
        if process.poll() is not None:
            break
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
    kill_group(process.pid)
    return process.wait()


def end_stranger(pid: int, *, started: str, death: Death) -> bool:
    """End a process of an earlier run; False when it is not (or no longer) that process."""
    if started_mark(pid) != started:
        return False
    for number, wait_s in (*death.steps, (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_gone(pid, started=started, timeout_s=wait_s):
            break
    kill_group(pid)
    return True


def wait_gone(pid: int, *, started: str, timeout_s: float) -> bool:
    """Wait until that very process is gone."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if started_mark(pid) != started:
            return True
        time.sleep(0.05)
    return False


def kill_group(pid: int) -> None:
    """Kill what is left of the process group that PID led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def started_mark(pid: int) -> str | None:
    """A text that tells this process from a later one with the same number; None when gone."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    listed = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip() or None


def command_line(pid: int) -> str:
    """The command line of a process, or an empty text."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        return raw.replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        listed = subprocess.run(
            ["/bin/ps", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return listed.stdout.strip()
