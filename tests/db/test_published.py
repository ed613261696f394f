"""A database all of whose tables are published: what changes rows of a table without replica identity fails there."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest
from psycopg import Connection

from pooljobs.db.schema.migrator import migrate
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import open_reader
from tests.db.test_retention import ADD_DAY, FILL, days, retire
from tests.support.claims import claim, insert, register, scalar, settle_all
from tests.support.later import only_until

Conn = Connection[Any]
WITHOUT: Final = """
SELECT array_agg(c.oid::regclass::text) FROM pg_class AS c
WHERE c.relnamespace = 'pooljobs'::regnamespace AND c.relkind IN ('r', 'p') AND c.relreplident <> 'f'
    AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)
"""
DAYS_OF_HISTORY: Final = """
SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass
"""
MADE_BY_HAND: Final = "SELECT oid::regclass FROM pg_class WHERE relname ~ '^history_[0-9]+$' AND relreplident <> 'f'"


def test_every_table_has_a_replica_identity(connection: Conn) -> None:
    assert scalar(connection, WITHOUT) is None


@pytest.mark.hazard(
    "History has no key, so that in a database whose tables are all published no job can be retried, nor a "
    "request to cancel be worked off",
    closed="the whole row is its replica identity (`migrations/0107_replica_identity.sql`, `ensure_partitions.sql`)",
    area="rows",
)
@pytest.mark.parametrize("options", ["", " WITH (publish_via_partition_root)"])
def test_rows_of_history_can_be_changed_and_days_of_it_go(connection: Conn, owner_dsn: str, options: str) -> None:
    connection.execute(f"CREATE PUBLICATION everything FOR ALL TABLES{options}".encode())
    connection.execute(ADD_DAY.format(ago=40).encode())
    connection.execute(FILL.format(ago=40).encode())
    (day,) = connection.execute(MADE_BY_HAND).fetchall()
    connection.execute(f"ALTER TABLE {day[0]} REPLICA IDENTITY FULL".encode())
    insert(connection, 2)
    retried, cancelled = claim(connection, register(connection)) or []
    settle_all(connection, retried.settled(Verdict.FAILED, error="e"), cancelled.settled(Verdict.CANCELLED, error="e"))
    with open_reader(owner_dsn, "pooljobs") as reader:
        reader.retry(retried.id)
    connection.execute("UPDATE pooljobs.history SET last_error = 'e: why' WHERE status = 'cancelled'")
    retire(connection, 3)
    assert days(connection) == [0]


def test_a_schema_of_before_is_mended(empty_dsn: str) -> None:
    with only_until(105):
        migrate(empty_dsn)
    with Connection.connect(empty_dsn, autocommit=True) as owner:
        for (day,) in owner.execute(DAYS_OF_HISTORY).fetchall():
            owner.execute(f"ALTER TABLE {day} REPLICA IDENTITY DEFAULT".encode())
        assert len(scalar(owner, WITHOUT)) > 2
        migrate(empty_dsn)
        assert scalar(owner, WITHOUT) is None
        insert(owner)
        (job,) = claim(owner, register(owner)) or []
        settle_all(owner, job.settled(Verdict.FAILED, error="e"))
        owner.execute("CREATE PUBLICATION everything FOR ALL TABLES")
        with open_reader(empty_dsn, "pooljobs") as reader:
            reader.retry(UUID(str(job.id)))
