"""The children of a process, as the system has them. Linux reads /proc; elsewhere ps is asked."""

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
