"""Whether a pid that a file names is our server, and the signals to it.

Pids are used again, and a file may have been written by anybody: so the process itself is asked what it runs, on which
directory, for whom, and since when. It is signalled through a pidfd, which means that process and no later one. (What
``postmaster.pid`` says of the server's beginning is the wall clock's time, which may have been set since: it proves
nothing.)
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PROGRAM = "postgres"
PATIENCE = 10.0
"""Seconds for ``ps`` to answer, where there is no /proc."""

_STARTED = 19
"""Of what follows the name in ``/proc/<pid>/stat``: field 22 of the line."""


def is_server(pid: int, data: Path) -> bool:
    """Whether this process runs, and is a postmaster that was started on this data directory, for its owner."""
    if sys.platform == "linux":
        process = Path(f"/proc/{pid}")
        try:
            lines = (process / "status").read_text().splitlines()
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            owner = str(data.stat().st_uid)
            status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            program = _program(process, status["Name"])
        except OSError:
            return False
        ours = status["Uid"].split() == [owner] * 4 and os.fsencode(data) in arguments[1:]
        return ours and program == PROGRAM and status["State"][0] not in "ZX"
    else:  # noqa: RET505  # a branch for the type checker, which checks one platform at a time
        command = ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)]
        try:
            told = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE).stdout.strip()
        except subprocess.TimeoutExpired:
            return False
        return not told.startswith(b"Z") and f"{PROGRAM} -D ".encode() + os.fsencode(data) + b" " in told


def began(pid: int) -> int:
    """When the process began, in ticks since the machine's start; 0 where there is no /proc to tell, or no process."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_STARTED])
    except OSError:
        return 0


def send(pid: int, number: signal.Signals, data: Path) -> None:
    """Signal the server on this directory, if that is what the pid means; nothing else is ever signalled."""
    try:
        descriptor = os.pidfd_open(pid) if sys.platform == "linux" else None
    except ProcessLookupError:
        return
    except OSError:  # an old kernel, or a sandbox
        descriptor = None
    try:
        with suppress(ProcessLookupError):
            if not is_server(pid, data):
                return
            if descriptor is not None and sys.platform == "linux":
                signal.pidfd_send_signal(descriptor, number)
            else:
                os.kill(pid, number)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _program(process: Path, name: str) -> str:
    """What it executes; the name it gives itself where even that may not be read, as in containers without ptrace."""
    try:
        return (process / "exe").readlink().name.removesuffix(" (deleted)")
    except PermissionError:
        return name
