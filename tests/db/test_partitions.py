"""History's coming days: made by a role that owns nothing; where that cannot be, it is told early, with the cure."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from pooljobs.db.connect import child_pool
from pooljobs.db.schema.migrator import migrate
from pooljobs.db.schema.partitions import AHEAD
from pooljobs_steward.maintenance.vacuum import LATE, PARTITIONS_EVERY, Vacuum
from tests.support.claims import SQL, scalar
from tests.support.command import pooljobs

Conn = Connection[Any]
LOG: Final = logging.getLogger("test")
DAYS: Final = """
SELECT coalesce(to_date(max(right(inhrelid::regclass::text, 8)), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date, -9)
FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass
"""


@pytest.fixture
def steward(dsn: str) -> Iterator[Conn]:
    """A connection as the maintenance's, of a role with what a worker needs."""
    with child_pool(dsn, size=1, application_name="pooljobs test") as pool, pool.connection() as connection:
        yield connection


@pytest.fixture
def owner(connection: Conn) -> Iterator[sql.Identifier]:
    """Who owns history and its function, and may nothing but what owners need."""
    name = sql.Identifier(f"owner_{connection.info.backend_pid}")
    as_owner = sql.SQL("CREATE ROLE {0}; GRANT USAGE, CREATE ON SCHEMA pooljobs TO {0}").format(name)
    connection.execute(as_owner)
    for what in ("TABLE pooljobs.history", "FUNCTION pooljobs.ensure_partitions"):
        connection.execute(sql.SQL("ALTER {} OWNER TO {}").format(sql.SQL(what), name))
    yield name
    connection.execute(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(name))


def drop_all_after(connection: Conn, days: int) -> None:
    last = "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass"
    while scalar(connection, DAYS) > days:
        connection.execute(f"DROP TABLE {scalar(connection, last)}".encode())


@pytest.mark.hazard("Nobody may make partitions any more, and it is noticed two weeks later")
def test_a_role_that_owns_nothing_makes_two_weeks_with_replica_identity(steward: Conn, connection: Conn) -> None:
    drop_all_after(connection, 2)
    assert Vacuum(SQL, LOG).partitions(steward) == PARTITIONS_EVERY
    assert scalar(connection, DAYS) == AHEAD
    identities = "SELECT array_agg(DISTINCT relreplident::text) FROM pg_class WHERE relname ~ '^history(_[0-9]+)?$'"
    assert scalar(connection, identities) == ["f"]
    owners = "SELECT count(DISTINCT relowner) FROM pg_class WHERE relname ~ '^history(_[0-9]+)?$'"
    assert scalar(connection, owners) == 1


def no_call(connection: Conn, _owner: sql.Identifier, dsn: str) -> None:
    user = sql.Identifier(str(conninfo_to_dict(dsn)["user"]))
    connection.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION pooljobs.ensure_partitions FROM {}").format(user))


def no_create(connection: Conn, owner: sql.Identifier, _dsn: str) -> None:
    connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA pooljobs FROM {}").format(owner))


def another_owner(connection: Conn, _owner: sql.Identifier, _dsn: str) -> None:
    connection.execute("ALTER TABLE pooljobs.history OWNER TO CURRENT_USER")


HINDRANCES: Final[dict[str, Callable[[Conn, sql.Identifier, str], None]]] = {
    "GRANT EXECUTE ON FUNCTION pooljobs.ensure_partitions(integer) TO ": no_call,
    "GRANT USAGE, CREATE ON SCHEMA pooljobs TO ": no_create,
    "ALTER FUNCTION pooljobs.ensure_partitions(integer) OWNER TO ": another_owner,
}


@pytest.mark.hazard(
    "Nobody may make partitions any more, and it is noticed two weeks later",
    closed="the function that makes them runs with its owner's rights; a day that is missing is told with the command "
    "that mends it (`shared/pooljobs/db/schema/partitions.py`)",
    area="rows",
)
@pytest.mark.parametrize("cure", HINDRANCES)
def test_what_is_missing_is_told_with_the_command_that_mends_it(
    cure: str, *, dsn: str, steward: Conn, connection: Conn, owner: sql.Identifier, caplog: pytest.LogCaptureFixture
) -> None:
    HINDRANCES[cure](connection, owner, dsn)
    drop_all_after(connection, AHEAD - 2)
    upkeep = Vacuum(SQL, LOG)
    for _ in range(3):
        assert upkeep.partitions(steward) == PARTITIONS_EVERY
    [told] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.levelno == logging.WARNING, "once a day"
    warning, _, command = told.message.partition("; execute as who owns the schema: ")
    assert warning.startswith("cannot make history's next partitions, and there are some until 2")
    assert command.startswith(cure)
    connection.execute(command.encode())
    upkeep.partitions(steward)
    assert scalar(connection, DAYS) == AHEAD


def test_near_the_end_it_is_an_error_each_time(
    *, dsn: str, steward: Conn, connection: Conn, owner: sql.Identifier, caplog: pytest.LogCaptureFixture
) -> None:
    no_call(connection, owner, dsn)
    drop_all_after(connection, LATE - 1)
    upkeep = Vacuum(SQL, LOG)
    for _ in range(2):
        upkeep.partitions(steward)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    drop_all_after(connection, -2)
    connection.execute("DROP FUNCTION pooljobs.ensure_partitions")
    upkeep.partitions(steward)
    assert caplog.records[-1].message.endswith(
        "there are none: function pooljobs.ensure_partitions() does not exist"
        " (in make_partitions.sql); run `pooljobs migrate` as who owns the schema"
    )


def test_as_long_as_others_make_them_nothing_is_said(
    *, dsn: str, steward: Conn, connection: Conn, owner: sql.Identifier, caplog: pytest.LogCaptureFixture
) -> None:
    no_call(connection, owner, dsn)
    assert Vacuum(SQL, LOG).partitions(steward) == PARTITIONS_EVERY
    assert not caplog.records


def test_migrate_says_so_too(dsn: str, connection: Conn, owner: sql.Identifier) -> None:
    no_create(connection, owner, dsn)
    assert migrate(dsn).warning == ""
    drop_all_after(connection, 5)
    told = pooljobs("migrate", dsn=dsn)
    assert told.code == 0
    assert "GRANT USAGE, CREATE ON SCHEMA pooljobs TO " in " ".join(told.err.split())
    assert "is up to date" in told.out


def test_an_outage_is_none_of_its_business(steward: Conn, connection: Conn) -> None:
    connection.execute("SELECT pg_terminate_backend(%s, 10000)", (steward.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        Vacuum(SQL, LOG).partitions(steward)
