"""Why a fleet has no connection is told in the server's words, not as "couldn't get a connection after 2.00 sec"."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg_pool import PoolTimeout

from pooljobs.db.connect import child_pool
from pooljobs.db.outage import Outage
from pooljobs.db.pool_checkout import borrow
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.resilient_connection import ResilientConnection
from tests.support.roles import role_for

Conn = Connection[Any]


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("ALTER ROLE {role} CONNECTION LIMIT 0", "too many connections for role"),
        ("ALTER ROLE {role} NOLOGIN", "is not permitted to log in"),
        ("ALTER DATABASE {database} CONNECTION LIMIT 0", "too many connections for database"),
    ],
)
def test_what_the_server_says_is_told(
    owner_dsn: str, connection: Conn, caplog: pytest.LogCaptureFixture, harm: str, told: str
) -> None:
    with role_for(owner_dsn, "worker") as plain:
        parts = psycopg.conninfo.conninfo_to_dict(plain)
        names = {"role": sql.Identifier(str(parts["user"])), "database": sql.Identifier(str(parts["dbname"]))}
        connection.execute(sql.SQL(harm).format(**names))
        with (
            closing(child_pool(plain, size=1, application_name="pooljobs steward")) as pool,
            caplog.at_level(logging.INFO),
        ):
            log = logging.getLogger("test")
            resilient = ResilientConnection(pool, outage=Outage(log), refusals=RefusalLog(log))
            assert not resilient.attempt(lambda _: None)
    assert [told in message for message in caplog.messages] == [True], caplog.messages


def test_a_pool_whose_connections_are_all_in_use_says_so(owner_dsn: str) -> None:
    with closing(child_pool(owner_dsn, size=1, application_name="pooljobs worker")) as pool:
        first = borrow(pool)
        with pytest.raises(PoolTimeout):
            borrow(pool)
        pool.putconn(first)
