"""Processes as the system has them: children of one, and all of one run. Linux reads /proc; elsewhere ps is asked."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """Pids of a process's children; none if it is gone."""
    try:
        return sorted(int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except OSError:
        return _by_ps(pid) if not Path("/proc/self").exists() else []


def having(variable: str, value: str) -> list[int]:
    """Pids of the living processes that were started with this variable; none where there is no /proc to tell.

    What they forked has it too, and what they started with their own environment.
    """
    wanted = f"{variable}={value}".encode()
    return sorted(pid for pid in _all() if pid != os.getpid() and wanted in _environment(pid))


def described(pid: int) -> str:
    """A process in words: its pid and what it was started as."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        words = []
    return f"pid {pid}: {b' '.join(words).decode(errors='replace')[:200]}"


def send(pids: Iterable[int], number: signal.Signals) -> int:
    """Send a signal; how many were still there to get it."""
    sent = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            sent += 1
    return sent


def _by_ps(pid: int) -> list[int]:
    told = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
    pairs = (line.split() for line in told.splitlines())
    return sorted(int(child) for child, parent in pairs if int(parent) == pid)


def _all() -> list[int]:
    proc = Path("/proc")
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()] if proc.is_dir() else []


def _environment(pid: int) -> list[bytes]:
    """Empty for one that is gone, a zombie, or somebody else's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
