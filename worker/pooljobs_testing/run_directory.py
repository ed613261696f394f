"""The directory of one run of tests, for its embedded server: in memory where there is enough of it.

It lies where an unprivileged server may enter, which a directory of pytest's own is not when root runs the tests.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from pooljobs.embedded.account import barrier, server_account
from pooljobs.embedded.location import ServerPaths, release_sockets
from pooljobs.embedded.pidfile import server_in
from pooljobs.embedded.server import Server, stop
from pooljobs.process.liveness import lives

PREFIX: Final = "pooljobs-tests-"

ROOMY: Final = 4 << 30
"""Bytes that must be free in memory for a run to live there."""


def make_run_directory(run: str) -> Path:
    """The directory of a run, made if it is not there yet. What killed runs have left is removed.

    Args:
        run: Its name, which begins with the pid of the process that the user started, and a hyphen.
    """
    place = temporary_directory()
    _sweep(place)
    directory = place / f"{PREFIX}{run}"
    directory.mkdir(exist_ok=True)
    directory.chmod(0o711)  # so that the account of root's server can pass
    return directory


def temporary_directory() -> Path:
    """TMPDIR if it is set, else memory where there is enough of it, else /tmp.

    Of a test's time most would go to the disk: initdb syncs what it writes. Where the server's account may not enter
    TMPDIR it is /tmp.
    """
    account, place, memory = server_account(), Path(tempfile.gettempdir()).resolve(), Path("/dev/shm")  # noqa: S108
    if "TMPDIR" not in os.environ and memory.is_dir() and shutil.disk_usage(memory).free > ROOMY:
        return memory
    return Path("/tmp") if account and barrier(place, account) else place  # noqa: S108


def remove(directory: Path) -> None:
    """Removes a directory, and ends the servers that run in it."""
    for file in directory.rglob("postmaster.pid"):
        if running := server_in(file.parent):
            stop(Server(running.pid, Path(running.sockets)), file.parent)
            release_sockets(ServerPaths(file.parent.parent), Path(running.sockets))
    shutil.rmtree(directory, ignore_errors=True)


def _sweep(place: Path) -> None:
    for directory in place.glob(f"{PREFIX}*"):
        owner = re.match(rf"{PREFIX}(\d+)-", directory.name)
        if owner and not lives(int(owner[1])):
            remove(directory)
