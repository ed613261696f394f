"""Errors as a real server makes them: which are an outage, and that they name their statement."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo

from pooljobs.db.connect import child_pool
from pooljobs.db.error_classes import in_words
from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.wire.prepared import HotStatement
from tests.support.claims import SQL

Conn = Connection[Any]
AWAY, AGAIN, REFUSED = ErrorKind.AWAY, ErrorKind.AGAIN, ErrorKind.REFUSED


def serialization_failure(one: Conn, other: Conn) -> None:
    one.execute("INSERT INTO pooljobs.leaders (name, fleet, until) VALUES ('a', 1, now())")
    other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM pooljobs.leaders")
    one.execute("UPDATE pooljobs.leaders SET fleet = 2")
    other.execute("UPDATE pooljobs.leaders SET fleet = 3")


def lock(one: Conn, other: Conn) -> None:
    one.execute("BEGIN; LOCK TABLE pooljobs.leaders")
    other.execute("SET lock_timeout = 10; SELECT FROM pooljobs.leaders")


def terminated(one: Conn, other: Conn) -> None:
    one.execute("SELECT pg_terminate_backend(%s, 10000)", (other.info.backend_pid,))
    other.execute("SELECT 1")


def idle(setting: str) -> Callable[[Conn, Conn], None]:
    def act(one: Conn, other: Conn) -> None:
        other.execute(setting.encode())
        gone = "SELECT FROM pg_stat_activity WHERE pid = %s"
        while one.execute(gone, (other.info.backend_pid,)).fetchone() is not None:
            time.sleep(0.01)
        other.execute("SELECT 1")

    return act


def plain(query: str) -> Callable[[Conn, Conn], None]:
    def act(_one: Conn, other: Conn) -> None:
        other.execute(query.encode())

    return act


SESSION_ENDS: Final = [
    idle("SET idle_in_transaction_session_timeout = 10; BEGIN"),
    idle("SET idle_session_timeout = 10"),
]
"""After these a server before 15 may hang up before its word is read."""

MADE: Final[dict[str, tuple[Callable[[Conn, Conn], None], ErrorKind]]] = {
    "25006": (plain("BEGIN READ ONLY; DELETE FROM pooljobs.live"), AWAY),
    "25P03": (SESSION_ENDS[0], AWAY),
    "40001": (serialization_failure, AGAIN),
    "42501": (plain("SELECT FROM pg_authid"), REFUSED),
    "42883": (plain("SELECT pooljobs.no_such_function()"), REFUSED),
    "55000": (plain("SELECT currval('pooljobs.idle_until')"), REFUSED),
    "55P03": (lock, AGAIN),
    "57014": (plain("SET statement_timeout = 10; SELECT pg_sleep(60)"), REFUSED),
    "57P01": (terminated, AWAY),
    "57P05": (SESSION_ENDS[1], AWAY),
    "P0001": (plain("DO 'BEGIN RAISE EXCEPTION ''of a trigger''; END'"), REFUSED),
}


@pytest.mark.hazard("What one chore of the steward's may not do")
@pytest.mark.parametrize("state", MADE)
def test_what_a_server_says_is_what_the_table_says(dsn: str, state: str, connection: Conn) -> None:
    connection.execute("GRANT SELECT ON SEQUENCE pooljobs.idle_until TO PUBLIC")
    act, kind = MADE[state]
    other = psycopg.connect(dsn, autocommit=True)
    with suppress(psycopg.OperationalError), other, psycopg.connect(dsn, autocommit=True) as one:
        with pytest.raises(psycopg.Error) as raised:
            act(one, other)
        assert raised.value.sqlstate == state or (act in SESSION_ENDS and raised.value.sqlstate is None)
        assert kind_of(raised.value) is kind


def test_why_there_is_no_connection_is_an_outage_whatever_it_is(dsn: str, connection: Conn) -> None:
    for wrong in ({"user": "nobody_at_all"}, {"dbname": "nowhere"}, {"port": "1"}):
        with pytest.raises(psycopg.OperationalError) as raised:
            psycopg.connect(make_conninfo(dsn, **wrong)).close()
        assert kind_of(raised.value) is AWAY
    connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(sql.Identifier(connection.info.dbname)))
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect(dsn).close()
    assert kind_of(raised.value) is AWAY


def test_errors_of_childrens_sessions_name_their_statement(dsn: str, connection: Conn) -> None:
    connection.execute("DROP VIEW pooljobs.jobs; ALTER TABLE pooljobs.workers RENAME TO mislaid")
    with child_pool(dsn, size=1, application_name="test") as pool, pool.connection() as child:
        with pytest.raises(pg.UndefinedTable) as raised:
            child.execute(SQL.load("forget_workers"))
        assert in_words(raised.value) == 'relation "pooljobs.workers" does not exist (in forget_workers.sql)'
        with pytest.raises(pg.UndefinedTable) as raised:
            HotStatement("hot", b"SELECT FROM nowhere", types={}).row(child, [])
        assert in_words(raised.value) == 'relation "nowhere" does not exist (in hot.sql)'
        with pytest.raises(pg.UndefinedTable) as raised:
            child.execute(b"VACUUM nowhere")
        assert in_words(raised.value) == 'relation "nowhere" does not exist (in VACUUM)'
