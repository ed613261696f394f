"""Reads ``postmaster.pid``, which outlives a killed server: its number may be a zombie's or a stranger's by now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

STATUS_LINE = 7
"""Lines before the one in which the server writes ``ready``."""


def running_pid(data: Path) -> int | None:
    """The pid of the server that runs on this data directory, or None."""
    pid = _written_pid(data)
    return pid if pid is not None and is_postgres(pid) else None


def stale_pid(data: Path) -> int | None:
    """A number in the file that is no server's: common in containers, where pids start anew.

    PostgreSQL would take it for a live server and refuse to start. It skips the pid named in ``PG_GRANDPARENT_PID``
    (src/backend/utils/init/miscinit.c), so nothing is deleted and its shared-memory interlock still stands.
    """
    pid = _written_pid(data)
    return None if pid is None or is_postgres(pid) else pid


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server with this pid says that it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE].strip() == "ready"


def is_postgres(pid: int) -> bool:
    """Whether a process with this pid is a PostgreSQL server, and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs as another account
    return _linux_says(pid) if sys.platform == "linux" else _ps_says(pid)


def _written_pid(data: Path) -> int | None:
    path = data / "postmaster.pid"
    try:
        return int(path.read_text().partition("\n")[0])
    except FileNotFoundError:
        return None
    except ValueError:
        path.unlink()  # empty: a crash between its making and its writing
        return None


def _linux_says(pid: int) -> bool:
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return False
    return name.startswith("postgres") and rest.split()[0] not in "ZX"


def _ps_says(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in done.stdout and not done.stdout.lstrip().startswith("Z")
