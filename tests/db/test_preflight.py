"""What must hold before a fleet starts: room for its connections, as who is no superuser sees it; a server that takes
writes; sessions of its own.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from pooljobs.db.connection_budget import needed
from pooljobs.db.schema.preflight import check, direct_address
from pooljobs.errors import ConnectionBudgetError, DatabaseUnsupportedError
from pooljobs.settings import ServeSettings
from tests.support.deaf_proxy import with_pids_of_its_own
from tests.support.roles import role_for

Conn = Connection[Any]


def settings(dsn: str) -> ServeSettings:
    return ServeSettings(dsn=dsn, app="")


WANTED = needed(settings(""), 1)


def limit(owner: Conn, what: str, name: object, most: int) -> None:
    owner.execute(sql.SQL(f"ALTER {what} {{}} CONNECTION LIMIT {most}").format(sql.Identifier(str(name))))


@pytest.mark.hazard(
    "`serve` sees no connections of other roles, and starts a fleet that does not fit",
    closed="what has a database and a user is counted; limits of role and database too (`count_connections.sql`)",
    area="database",
)
def test_the_connections_of_others_count(owner_dsn: str, connection: Conn) -> None:
    """Of these a plain user sees no more than that they are there."""
    with role_for(owner_dsn, "worker") as plain, ExitStack() as stack:
        limit(connection, "DATABASE", connection.info.dbname, WANTED + 10)
        check(settings(plain))
        for _ in range(12):
            stack.enter_context(psycopg.connect(owner_dsn))
        with pytest.raises(ConnectionBudgetError, match="but the database has") as refused:
            check(settings(plain))
        assert "ALTER DATABASE" in str(refused.value.hint)
        check(settings(owner_dsn))  # a superuser's sessions are not limited so


def test_the_limit_of_the_role_counts(owner_dsn: str, connection: Conn) -> None:
    with role_for(owner_dsn, "worker") as plain:
        name = psycopg.conninfo.conninfo_to_dict(plain)["user"]
        for most, fits in ((WANTED, True), (WANTED - 1, False), (WANTED, True)):
            limit(connection, "ROLE", name, most)
            if fits:
                check(settings(plain))
                continue
            with pytest.raises(ConnectionBudgetError, match=f"but the role has {most} left of {most}"):
                check(settings(plain))
        with psycopg.connect(plain), pytest.raises(ConnectionBudgetError, match="but the role has"):
            check(settings(plain))


def test_the_servers_room_is_the_same_for_all(owner_dsn: str) -> None:
    with role_for(owner_dsn, "worker") as plain:
        for dsn in (plain, owner_dsn):
            most = settings(dsn)
            with pytest.raises(ConnectionBudgetError, match="but the server has"):
                check(ServeSettings(dsn=dsn, app="", procs=512, worker=most.worker))


def test_a_pooler_is_refused_unless_it_is_said_to_give_sessions(owner_dsn: str) -> None:
    with with_pids_of_its_own(owner_dsn) as pooled:
        with pytest.raises(DatabaseUnsupportedError, match="is behind a pooler") as refused:
            check(settings(pooled))
        assert "--pooler session" in str(refused.value.hint)
        check(replace(settings(pooled), pooler="session"))


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("ep-wild-sea-123-pooler.eu-central-1.aws.neon.tech", 5432, "ep-wild-sea-123.eu-central-1.aws.neon.tech"),
        ("db.example.com", 6543, "port 6543 is a pooler's by custom"),
        ("db.example.com", 5432, "name the server itself in the DSN"),
    ],
)
def test_where_the_address_tells_it_the_way_around_a_pooler_is_named(host: str, port: int, told: str) -> None:
    assert told in direct_address(host, port)


def test_a_server_that_is_read_only_by_setting_is_refused(owner_dsn: str, connection: Conn) -> None:
    name = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    with pytest.raises(DatabaseUnsupportedError, match="read-only: default_transaction_read_only is on"):
        check(settings(owner_dsn))
