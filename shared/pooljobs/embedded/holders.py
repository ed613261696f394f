"""Which processes hold a lock file, as the kernel tells: for messages. Where it does not (macOS), nobody is named."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LONGEST: Final = 60
"""Characters of a command line that are told."""

_FIELDS: Final = 6
"""Of a line of /proc/locks, up to the file: number, kind, how, what, pid, file."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, and how it was started."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.command})" if self.command else f"pid {self.pid}"


def holders(path: Path) -> list[Holder]:
    """Those who took a lock of this file and live, but for this process."""
    try:
        status = path.stat()
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return []
    pids = dict.fromkeys(pid for line in lines if (pid := _holder(line, status.st_ino)) is not None)
    return [Holder(pid, _command(pid)) for pid in pids if pid != os.getpid() and _has_open(pid, status)]


def _holder(line: str, inode: int) -> int | None:
    """The pid in a line of an flock on a file of that inode; of which device is told otherwise by some file systems."""
    fields = line.split()
    if len(fields) < _FIELDS or fields[1] != "FLOCK" or not fields[5].endswith(f":{inode}"):
        return None
    return int(fields[4])


def _has_open(pid: int, status: os.stat_result) -> bool:
    try:
        return any(os.path.samestat(each.stat(), status) for each in Path(f"/proc/{pid}/fd").iterdir())
    except PermissionError:  # somebody else's process, who has no lock of ours
        return False
    except OSError:  # it has ended, or closed a file meanwhile
        return Path(f"/proc/{pid}").exists()


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ").strip()
    except OSError:
        return ""
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
