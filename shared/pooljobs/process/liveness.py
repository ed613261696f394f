"""What the system says of a process: whether it lives, whether it is stopped, and whether it is still the same one."""

from __future__ import annotations

import os
from pathlib import Path

_STOPPED = "Tt"
_ENDED = "ZX"
_STARTED = 19
"""Of ``_stat``: field 22 of the line."""


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


def birth(pid: int) -> int:
    """When the process began, in ticks since the machine's start; 0 where there is no /proc to tell, or no process."""
    fields = _stat(pid)
    return int(fields[_STARTED]) if fields else 0


def same(pid: int, born: int) -> bool:
    """Whether a pid still means the process that began at ``born``: pids are used again. 0 means that nobody knows."""
    return born == 0 or birth(pid) == born


def _state(pid: int) -> str:
    """The state's letter in ``/proc/<pid>/stat``; ``?`` where that cannot be read."""
    fields = _stat(pid)
    return fields[0] if fields else "?"


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` after the command's name, which may hold anything; none if unreadable."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
