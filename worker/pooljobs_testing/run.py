"""One run of tests: its server, for as long as a process needs it, and its end.

The processes of a run share its name. Under pytest-xdist the plugin hands it on; else it is this process's.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import psycopg

from pooljobs.process.per_process import PerProcess
from pooljobs_testing.database_server import DEFAULT_SCHEMA, DatabaseServer, given_dsn, run_dsn
from pooljobs_testing.run_directory import make_run_directory, remove
from pooljobs_testing.run_name import run_name


@contextmanager
def run_server(run: str) -> Iterator[DatabaseServer]:
    """The run's server. It ends with its last user; what it holds stays until ``end_run``."""
    with run_dsn(partial(make_run_directory, run)) as dsn:
        yield DatabaseServer(dsn, run)


def end_run(run: str) -> None:
    """Removes what the run has left. No process of it may use its server any more."""
    if given := given_dsn():
        with suppress(psycopg.OperationalError):  # the tests have said so
            DatabaseServer(given, run).drop_templates()
    else:
        remove(make_run_directory(run))


@contextmanager
def database(schema: str = DEFAULT_SCHEMA) -> Iterator[str]:
    """A database of its own with pooljobs' tables in it: its DSN, for any runner of tests. Dropped afterwards.

    The server is the one that ``POOLJOBS_TEST_DSN`` names, else an embedded one, which is started at the first call and
    ends with this process.

    Raises:
        EmbeddedError: No server is named, and the embedded one cannot be had.
    """
    with _OWN.get().migrated(schema) as dsn:
        yield dsn


def _open_own() -> DatabaseServer:
    run, pid, opened = f"{run_name()}-own", os.getpid(), ExitStack()
    opened.callback(end_run, run)
    server = opened.enter_context(run_server(run))
    atexit.register(lambda: opened.close() if os.getpid() == pid else None)
    return server


_OWN: PerProcess[DatabaseServer] = PerProcess(_open_own)
