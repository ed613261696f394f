"""Connections that notice when the other side is gone."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from pooljobs.db.connect import child_pool, cut_after, with_timeouts
from pooljobs.db.session_settings import PINNED
from pooljobs_cli.chaos.wire import open_wire

SETTINGS = ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "connect_timeout")


def settings(dsn: str, silence: float) -> tuple[int, ...]:
    parts = conninfo_to_dict(with_timeouts(dsn, silence))
    return tuple(int(parts[name] or 0) for name in SETTINGS)


def test_a_vanished_server_is_noticed_within_the_lease_and_within_bounds() -> None:
    for silence, seconds in ((1.0, 5), (30.0, 30), (3600.0, 60)):
        idle, interval, count, user_timeout, connect = settings("dbname=x", silence)
        assert idle + interval * count in range(seconds - 1, seconds + 2)
        assert (user_timeout, connect) == (seconds * 1000, 10)


def test_what_the_dsn_says_itself_stays() -> None:
    for name in SETTINGS:
        assert conninfo_to_dict(with_timeouts(f"dbname=x {name}=7"))[name] == "7"
    assert "keepalives" not in conninfo_to_dict(with_timeouts("dbname=x"))
    assert conninfo_to_dict(with_timeouts("postgresql://me@host/db?keepalives=0"))["keepalives"] == "0"


@pytest.mark.skipif(sys.platform != "linux", reason="the names of the options")
def test_the_socket_of_a_childs_connection_has_them(dsn: str) -> None:
    with (
        open_wire(dsn) as wire,
        child_pool(wire.dsn, size=1, application_name="pooljobs test", silence=12.0) as pool,
        pool.connection() as connection,
        socket.socket(fileno=os.dup(connection.pgconn.socket)) as same,
    ):
        assert same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert same.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 4
        assert same.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 12_000


def test_a_childs_connection_is_pinned(dsn: str) -> None:
    with child_pool(dsn, size=1, application_name="pooljobs test") as pool, pool.connection() as connection:
        for setting in PINNED:
            name, _, value = setting.partition(" = ")
            row = connection.execute(f"SHOW {name}".encode()).fetchone()
            assert row == (value.strip("'"),)


def test_what_takes_too_long_on_a_new_connection_is_cut_off(connection: Connection[Any]) -> None:
    with pytest.raises(psycopg.OperationalError), cut_after(connection, 0.2):
        connection.execute("SELECT pg_sleep(600)")


def test_what_is_quick_is_not(connection: Connection[Any]) -> None:
    with cut_after(connection, 600.0):
        connection.execute("SELECT 1")
    connection.execute("SELECT 1")
