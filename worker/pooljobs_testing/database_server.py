"""Databases for tests: one server a run, one migrated template in it for each schema, one clone of that a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4
from zlib import crc32

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pooljobs.db.schema.migrator import migrate
from pooljobs.db.unnamed import OF_TESTS
from pooljobs.embedded import acquire
from pooljobs.errors import EmbeddedError

FAST: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "log_min_messages": "fatal",
}
"""Of a server whose data nobody will miss. Errors that a test provokes stay out of its log."""

DEFAULT_SCHEMA: Final = "pooljobs"


class DatabaseServer:
    """A running server on which databases come and go."""

    def __init__(self, dsn: str, run: str) -> None:
        """``run`` is in the templates' names: runs that share a server share nothing else."""
        self.dsn = dsn
        self._prefix = f"pooljobs_template_{run}"

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A fresh database without pooljobs in it: its DSN. It is dropped afterwards, whoever is connected."""
        with self._database("template1") as dsn:
            yield dsn

    @contextmanager
    def migrated(self, schema: str = DEFAULT_SCHEMA) -> Iterator[str]:
        """The same with pooljobs' tables in this schema."""
        with self._database(self.template(schema)) as dsn:
            yield dsn

    def template(self, schema: str = DEFAULT_SCHEMA) -> str:
        """The name of the template, which is made once a run: under a lock, and named so only when it is complete."""
        name = self._prefix if schema == DEFAULT_SCHEMA else f"{self._prefix}_{crc32(schema.encode()):08x}"
        part = f"{name}_part"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(part)))
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(part)))
                self._fill(make_conninfo(self.dsn, dbname=part), schema)
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                connection.execute(rename.format(sql.Identifier(part), sql.Identifier(name)))
        return name

    def drop_templates(self) -> None:
        """Removes the run's templates from a server that outlives it."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            ours = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            for (name,) in connection.execute(ours, (self._prefix,)).fetchall():
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _fill(self, dsn: str, schema: str) -> None:
        """Puts into a template what each of its clones is to have."""
        migrate(dsn, schema)

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"pooljobs_test_{uuid4().hex}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield make_conninfo(self.dsn, dbname=name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement)


def given_dsn() -> str:
    """The DSN of a server of the user's, whose role may create databases; empty for none."""
    return os.environ.get(OF_TESTS, "")


@contextmanager
def run_dsn(directory: Callable[[], Path]) -> Iterator[str]:
    """The DSN of the run's server: ``POOLJOBS_TEST_DSN`` if set, else an embedded one below a directory, which all of
    the run's processes share.

    Raises:
        EmbeddedError: No server is named, and the embedded one cannot be had.
    """
    if given := given_dsn():
        yield given
        return
    try:
        server = acquire(directory() / "server", settings=FAST)
    except EmbeddedError as error:
        error.add_note(f"{OF_TESTS} names a server of yours, on which tests may create databases")
        raise
    with server:
        yield server.dsn
