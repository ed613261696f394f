"""Where benchmarks run: on a database of the user's, or on an embedded server of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pooljobs.db.connect import connect
from pooljobs.db.endpoint import place
from pooljobs.db.schema.migrator import migrate
from pooljobs.embedded import acquire
from pooljobs.embedded.programs import find_programs
from pooljobs.errors import EmbeddedError, OptionError

ROOT = Path(__file__).parent.parent

MARK = "made by python -m bench, which deletes its jobs"
"""The comment of a schema or database that benchmarks made where they were sent: they empty and drop no other."""

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
COUNTED = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "none"}
"""Where the server has the library: it counts nothing but in ``bench.cases.cost``, which switches it on."""


@contextmanager
def database(dsn: str | None) -> Iterator[str]:
    """The DSN of a migrated database, whose jobs are the benchmarks' to delete.

    Raises:
        OptionError: Somebody else's pooljobs is in it.
    """
    if dsn:
        _take_over(dsn)
        migrate(dsn)
        yield dsn
        return
    with acquire(ROOT / ".pooljobs" / "bench", settings=SETTINGS | (COUNTED if _can_count() else {})) as server:
        migrate(server.dsn)
        yield server.dsn


def _take_over(dsn: str) -> None:
    """Makes the schema with a mark, without which no later run would touch it."""
    with connect(dsn, application_name="pooljobs benchmarks") as connection, connection.transaction():
        row = connection.execute(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = 'pooljobs'"
        ).fetchone()
        if row is None:
            connection.execute("CREATE SCHEMA pooljobs")
            connection.execute(f"COMMENT ON SCHEMA pooljobs IS '{MARK}'".encode())
        elif row[0] != MARK:
            hint = "name a database without pooljobs in it, or none: then a server is started for it"
            raise OptionError(
                f"benchmarks delete all jobs, and the pooljobs of {place(connection)} is not theirs", hint=hint
            )


def find_program(name: str) -> Path | None:
    """One of PostgreSQL's own programs: the embedded server's, else one that is installed; None if there is none."""
    try:
        found = find_programs(ROOT / ".pooljobs" / "bench" / "data").bindir / name
    except EmbeddedError:
        found = Path()
    if found.is_file():
        return found
    installed = shutil.which(name)
    return Path(installed) if installed else None


def _can_count() -> bool:
    shares = find_programs(ROOT / ".pooljobs" / "bench" / "data").bindir.parent / "share"
    return any(shares.rglob("pg_stat_statements.control")) if shares.is_dir() else False
