"""Databases for tests: one server a run, one migrated template in it, one clone of the template a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pooljobs.db.schema.grants import grant
from pooljobs.db.schema.migrator import migrate
from pooljobs.embedded import acquire
from tests.support.run_directory import run_directory, server_root

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "log_min_messages": "fatal",
}
"""Of a server whose data nobody will miss. Errors that a test provokes stay out of its log."""


_GRANTED = """
SELECT FROM pg_namespace AS n, aclexplode(n.nspacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
WHERE n.nspname = 'pooljobs' AND r.rolname = %s
"""


def least_worker(dsn: str) -> str:
    """The DSN of the run's worker role, where the database has been granted it; else the same. See ``as_worker``."""
    role = f"worker_{run_directory().name}"
    with suppress(psycopg.OperationalError), psycopg.connect(dsn) as owner:
        if owner.execute(_GRANTED, (role,)).fetchone() is not None:
            return make_conninfo(dsn, user=role, password=role)
    return dsn


class DatabaseServer:
    """A running server on which databases come and go."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.template = f"template_{run_directory().name}"
        self.worker = f"worker_{run_directory().name}"

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A fresh database without pooljobs in it: its DSN. It is dropped afterwards, whoever is connected."""
        with self._database("template1") as dsn:
            yield dsn

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The same with the schema in it."""
        self._ensure_template()
        with self._database(self.template) as dsn:
            yield dsn

    def only(self) -> str:
        """The DSN of the template itself: a migrated database that goes with its server, where that is a test's own."""
        self._ensure_template()
        return make_conninfo(self.dsn, dbname=self.template)

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"test_{uuid4().hex}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield make_conninfo(self.dsn, dbname=name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def as_worker(self, dsn: str) -> str:
        """The DSN of a migrated database, for a role with what ``pooljobs grant --as worker`` gives, and no more."""
        return make_conninfo(dsn, user=self.worker, password=self.worker)

    def _ensure_template(self) -> None:
        """Makes the template once a run: under a lock, and by its name only when it is complete."""
        part = f"{self.template}_part"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (self.template,))
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", (self.template,)).fetchone() is None:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(part)))
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.worker)))
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(part)))
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(self.worker), self.worker)
                )
                migrate(make_conninfo(self.dsn, dbname=part))
                grant(make_conninfo(self.dsn, dbname=part), "pooljobs", self.worker, "worker")
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                connection.execute(rename.format(sql.Identifier(part), sql.Identifier(self.template)))

    def drop_template(self) -> None:
        """Removes the template from a server that outlives the run."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.template)))
        self._run(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.worker)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def run_server() -> Iterator[DatabaseServer]:
    """The run's server: POOLJOBS_TEST_DSN if set, else an embedded one, which all of the run's processes share."""
    if given := os.environ.get("POOLJOBS_TEST_DSN"):
        yield DatabaseServer(given)
        return
    with acquire(server_root(), settings=FAST) as server:
        yield DatabaseServer(server.dsn)
