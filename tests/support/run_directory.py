"""The directory of one run of the suite, known to all of its processes: the server's place, and that of what strays.

The process that the user started makes and removes it; the workers of xdist find its name in their environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from pooljobs.embedded.managers import PLATFORMS, SYSTEMD
from pooljobs_testing.run_directory import make_run_directory, remove, temporary_directory
from pooljobs_testing.run_name import run_name

__all__ = ["begin_run", "end_run", "remove", "run_directory", "temporary_directory"]

VARIABLE = "POOLJOBS_TEST_RUN"


def run_directory() -> Path:
    """The run's directory."""
    return Path(os.environ[VARIABLE])


def begin_run() -> None:
    """Makes the directory, and an environment in which no test meets a database of the user's, or is a service."""
    directory = make_run_directory(run_name())
    for name in list(os.environ):
        if name.startswith("PG") or name in {"DATABASE_URL", "POOLJOBS_DSN", *PLATFORMS, *SYSTEMD}:
            del os.environ[name]
    os.environ[VARIABLE] = str(directory)
    os.environ["POOLJOBS_DATA_DIR"] = str(directory / "default")


def end_run() -> None:
    """Removes the directory. The servers in it have ended with their users, unless these were killed."""
    remove(run_directory())
