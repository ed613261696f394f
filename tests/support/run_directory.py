"""The directory of one pytest run, known to all of its processes: the server's place, and that of what strays.

The process that the user started makes and removes it; the workers of xdist find its name in their environment. It
lies beside pytest's own, which an unprivileged server could not enter when root runs the tests.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from pooljobs.embedded.account import barrier, server_account
from pooljobs.embedded.location import ServerPaths, release_sockets
from pooljobs.embedded.managers import PLATFORMS, SYSTEMD
from pooljobs.embedded.pidfile import server_in
from pooljobs.embedded.server import Server, stop
from pooljobs.process.liveness import lives

VARIABLE = "POOLJOBS_TEST_RUN"
PREFIX = "pooljobs-tests-"
ROOMY = 4 << 30
"""Bytes that must be free in memory for a run to live there."""


def run_directory() -> Path:
    """The run's directory."""
    return Path(os.environ[VARIABLE])


def server_root() -> Path:
    """Where the run's own server lives."""
    return run_directory() / "server"


def begin_run() -> None:
    """Makes the directory, and an environment in which no test meets a database of the user's, or is a service."""
    place = temporary_directory()
    _sweep(place)
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    directory.chmod(0o711)  # so that the account of root's server can pass
    for name in list(os.environ):
        if name.startswith("PG") or name in {"DATABASE_URL", "POOLJOBS_DSN", *PLATFORMS, *SYSTEMD}:
            del os.environ[name]
    os.environ[VARIABLE] = str(directory)
    os.environ["POOLJOBS_DATA_DIR"] = str(directory / "default")


def end_run() -> None:
    """Removes the directory. The servers in it have ended with their users, unless these were killed."""
    remove(run_directory())


def temporary_directory() -> Path:
    """TMPDIR if it is set, else memory where there is enough of it, else /tmp.

    Of a test's time most would go to the disk: initdb syncs what it writes. Where the server's account may not enter
    TMPDIR it is /tmp.
    """
    account, place, memory = server_account(), Path(tempfile.gettempdir()).resolve(), Path("/dev/shm")
    if "TMPDIR" not in os.environ and memory.is_dir() and shutil.disk_usage(memory).free > ROOMY:
        return memory
    return Path("/tmp") if account and barrier(place, account) else place


def _sweep(place: Path) -> None:
    """Removes what runs have left that were killed."""
    for directory in place.glob(f"{PREFIX}*"):
        owner = re.match(rf"{PREFIX}(\d+)-", directory.name)
        if owner and not lives(int(owner[1])):
            remove(directory)


def remove(directory: Path) -> None:
    """Removes a directory, and ends the servers that run in it."""
    for file in directory.rglob("postmaster.pid"):
        if running := server_in(file.parent):
            stop(Server(running.pid, Path(running.sockets)), file.parent)
            release_sockets(ServerPaths(file.parent.parent), Path(running.sockets))
    shutil.rmtree(directory, ignore_errors=True)
