"""PostgreSQL servers of the versions that are promised, as far as their programs are on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

import psycopg

from pooljobs.embedded import acquire
from pooljobs.embedded.programs import OLDEST, PLACES, version_in
from pooljobs.errors import EmbeddedError
from tests.support.database import FAST, DatabaseServer
from tests.support.fetched import CACHE
from tests.support.run_directory import run_directory

NEWEST = 18
PROMISED = range(OLDEST, NEWEST + 1)
"""Major versions."""

BINDIRS = "POOLJOBS_TEST_PG_BINDIRS"
"""Directories with further servers' programs, separated by colons."""


@cache
def installations() -> dict[int, Path]:
    """Where the programs of each major version are."""
    named = [Path(name) for name in os.environ.get(BINDIRS, "").split(":") if name]
    found = [bindir for place in PLACES for bindir in sorted(Path("/").glob(place))]
    fetched = sorted(CACHE.glob("*/bin"))
    return {major: bindir for bindir in (*found, *fetched, *named) if (major := _major(bindir)) is not None}


def _major(bindir: Path) -> int | None:
    postgres = bindir / "postgres"
    if not postgres.exists():
        return None
    told = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False).stdout
    version = version_in(told)
    return int(version.partition(".")[0]) if version and version.partition(".")[0].isdigit() else None


def major_of(server: DatabaseServer) -> int:
    """The major version of a running server."""
    with psycopg.connect(server.dsn) as connection:
        return connection.info.server_version // 10_000


@contextmanager
def server_of(major: int) -> Iterator[DatabaseServer]:
    """A server of that version, which all of the run's processes share.

    Raises:
        EmbeddedError: There are no such programs here.
    """
    bindir = installations().get(major)
    if bindir is None:
        raise EmbeddedError(f"no programs of PostgreSQL {major} on this machine; {BINDIRS} may name a directory")
    with patch.dict(os.environ, {"POOLJOBS_PG_BINDIR": str(bindir)}):
        server = acquire(run_directory() / f"server-{major}", settings=FAST)
    with server:
        yield DatabaseServer(server.dsn)
