"""An application that registers things with ``atexit``, at its import and in a handler."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import time
from pathlib import Path

from pooljobs import PoolJobs

FOLDER = "FAREWELL_FOLDER"

app = PoolJobs()


def note(name: str) -> None:
    """Leaves a file that says so, with the pid of the process that does."""
    with Path(os.environ[FOLDER], name).open("a") as told:
        told.write(f"{os.getpid()}\n")


atexit.register(note, "of the import")


@app.job
def registers(what: str = "") -> None:
    """Registers one that goes on record, and another that does what it is told; they run in the opposite order."""
    note("ran in")
    atexit.register(note, "of the handler")
    if what:
        atexit.register(globals()[what])


def hang() -> None:
    """Never comes back."""
    note("hung")
    time.sleep(3600)


def fail() -> None:
    """An error."""
    raise ValueError("no such metrics server")


def leave() -> None:
    """As if somebody could still decide on the exit code."""
    raise SystemExit(77)


def fork() -> None:
    """Returns twice."""
    os.fork()


@app.job
def leaves_children() -> None:
    """Starts one process that is to end with ours, and one that is to be waited for."""
    spawner = multiprocessing.get_context("fork")
    for daemon in (True, False):
        child = spawner.Process(target=time.sleep, args=(3600,), daemon=daemon)
        child.start()
        note(f"daemon {daemon}")
        Path(os.environ[FOLDER], f"pid of daemon {daemon}").write_text(str(child.pid))


@app.job
def uses_a_pool() -> None:
    """Ends a pool as its documentation shows: by leaving its block, which terminates its processes."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
    note("pooled in")
