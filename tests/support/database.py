"""The suite's databases: those of ``pooljobs_testing``, with a role in each template that has what a worker needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pooljobs.db.schema.grants import grant
from pooljobs_testing import database_server
from pooljobs_testing.database_server import FAST, run_dsn
from tests.support.run_directory import run_directory

__all__ = ["FAST", "DatabaseServer", "least_worker", "run_server"]

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


class DatabaseServer(database_server.DatabaseServer):
    """A running server on which databases come and go."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, run_directory().name)
        self.worker = f"worker_{run_directory().name}"

    def only(self) -> str:
        """The DSN of the template itself: a migrated database that goes with its server, where that is a test's own."""
        return make_conninfo(self.dsn, dbname=self.template())

    def as_worker(self, dsn: str) -> str:
        """The DSN of a migrated database, for a role with what ``pooljobs grant --as worker`` gives, and no more."""
        return make_conninfo(dsn, user=self.worker, password=self.worker)

    def drop_templates(self) -> None:
        """Removes the templates, and the role, from a server that outlives the run."""
        super().drop_templates()
        self._run(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.worker)))

    def _fill(self, dsn: str, schema: str) -> None:
        super()._fill(dsn, schema)
        with psycopg.connect(self.dsn, autocommit=True) as connection, suppress(psycopg.errors.DuplicateObject):
            role = sql.Identifier(self.worker)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, self.worker))
        grant(dsn, schema, self.worker, "worker")


@contextmanager
def run_server() -> Iterator[DatabaseServer]:
    """The run's server: POOLJOBS_TEST_DSN if set, else an embedded one, which all of the run's processes share."""
    with run_dsn(run_directory) as dsn:
        yield DatabaseServer(dsn)
