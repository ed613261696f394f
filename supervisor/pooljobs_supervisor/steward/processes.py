"""What the system says of a process: whether it lives, and whether it is stopped."""

from __future__ import annotations

import os
from pathlib import Path

_STOPPED = "Tt"
_ENDED = "ZX"


def lives(pid: int) -> bool:
    """Whether the process is there and no zombie. Where there is no /proc a zombie counts as living.

    A pid that was never noted (0: the supervisor died while it forked) is nobody's; ``kill`` would take it for our own
    group.
    """
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _state(pid) not in _ENDED


def stopped(pid: int) -> bool:
    """Whether the process is stopped (SIGSTOP, a debugger). False where there is no /proc to tell."""
    return _state(pid) in _STOPPED


def _state(pid: int) -> str:
    """The state's letter in ``/proc/<pid>/stat``; ``?`` where that cannot be read."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "?"
    return stat.rpartition(")")[2].split()[0]
