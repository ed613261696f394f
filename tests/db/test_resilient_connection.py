"""One connection through what breaks it, as the worker's sessions and the steward's parts all have it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import psycopg
import pytest
from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.connect import child_pool
from pooljobs.db.error_kinds import ErrorKind
from pooljobs.db.outage import Outage
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.resilient_connection import LONGEST_PAUSE, SHORTEST_PAUSE, SILENT_TRIES, ResilientConnection
from tests.support.waiting import wait_until

Conn = Connection[Any]
LOG: Final = logging.getLogger("test")


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="test")
    return caplog


@pytest.fixture
def pool(dsn: str) -> Iterator[ConnectionPool[Conn]]:
    with child_pool(dsn, size=2, application_name="pooljobs test") as pool:
        yield pool


@pytest.fixture
def resilient(pool: ConnectionPool[Conn]) -> Iterator[ResilientConnection]:
    with closing(ResilientConnection(pool, outage=Outage(LOG), refusals=RefusalLog(LOG))) as resilient:
        yield resilient


def look(connection: Conn) -> None:
    connection.execute("SELECT 1")


def raising(state: str) -> Callable[[Conn], None]:
    def work(connection: Conn) -> None:
        connection.execute(f"DO 'BEGIN RAISE SQLSTATE ''{state}''; END'".encode())

    return work


def backend(resilient: ResilientConnection) -> int:
    return resilient.get().info.backend_pid


def heads(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message.split(":")[0].split(" after")[0] for record in caplog.records]


def terminate(connection: Conn, *pids: int) -> None:
    for pid in pids:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def test_nothing_is_opened_before_it_is_asked_for(resilient: ResilientConnection) -> None:
    assert resilient.current is None
    assert resilient.attempt(look)
    assert resilient.current is resilient.get()


def test_one_that_the_server_ended_is_replaced_and_prepared_anew(
    pool: ConnectionPool[Conn], connection: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    def prepare(new: Conn) -> None:
        prepared.append(new.info.backend_pid)
        new.execute("SET lock_timeout = '123ms'")

    prepared: list[int] = []
    resilient = ResilientConnection(pool, outage=Outage(LOG), refusals=RefusalLog(LOG), prepare=prepare)
    with closing(resilient):
        terminate(connection, backend(resilient))
        assert not resilient.attempt(look)
        assert resilient.current is None
        wait_until(lambda: resilient.attempt(look), what="another connection")
        assert len(set(prepared)) == len(prepared) == 2
        settings = "SELECT current_setting('lock_timeout'), current_setting('plan_cache_mode')"
        assert resilient.get().execute(settings).fetchone() == ("123ms", "force_generic_plan")
    assert heads(caplog) == ["the database is away", "the database is back"]


@pytest.mark.parametrize("state", ["25006", "57P03", "53300", "08006"])
def test_an_outage_is_logged_once_however_often_it_is_tried(
    resilient: ResilientConnection, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """A read-only standby, a server that starts or has no connection left, a pooler without a server."""
    seen = set()
    for _ in range(4):
        seen.add(backend(resilient))
        assert not resilient.attempt(raising(state))
    assert len(seen) == 4, "another host of the DSN may take writes"
    assert heads(caplog) == ["the database is away"]
    assert resilient.attempt(look)
    assert heads(caplog) == ["the database is away", "the database is back"]


def test_one_that_cannot_be_prepared_is_prepared_again_before_it_is_used(pool: ConnectionPool[Conn]) -> None:
    def prepare(new: Conn) -> None:
        prepared.append(new.info.backend_pid)
        if len(prepared) == 1:
            raising("40P01")(new)

    prepared: list[int] = []
    used: list[int] = []
    resilient = ResilientConnection(pool, outage=Outage(LOG), refusals=RefusalLog(LOG), prepare=prepare)
    with closing(resilient):
        assert not resilient.attempt(lambda connection: used.append(connection.info.backend_pid))
        assert not used
        assert resilient.attempt(lambda connection: used.append(connection.info.backend_pid))
    assert prepared == used * 2


def test_who_meets_others_keeps_its_connection_and_says_so_if_it_lasts(
    resilient: ResilientConnection, caplog: pytest.LogCaptureFixture
) -> None:
    first = backend(resilient)
    for _ in range(SILENT_TRIES):
        assert not resilient.attempt(raising("55P03"))
    assert backend(resilient) == first
    assert not caplog.records
    assert not resilient.attempt(raising("55P03"))
    assert heads(caplog) == ["the database refused"]


def test_one_that_a_lock_left_in_a_transaction_is_not_used_again(resilient: ResilientConnection) -> None:
    def meets_a_lock(connection: Conn) -> None:
        connection.execute("BEGIN")
        raising("55P03")(connection)

    first = backend(resilient)
    assert not resilient.attempt(meets_a_lock)
    assert backend(resilient) != first


def test_what_is_refused_is_no_outage_and_ends_one(
    resilient: ResilientConnection, caplog: pytest.LogCaptureFixture
) -> None:
    assert not resilient.attempt(raising("57P01"))
    for _ in range(3):
        assert not resilient.attempt(raising("42501"))
    assert heads(caplog) == ["the database is away", "the database is back", "the database refused"]


def test_connections_of_one_process_log_an_outage_together(
    pool: ConnectionPool[Conn], connection: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    """One notices at once; the other had nothing to do, and notices when it is long over."""
    outage, refusals = Outage(LOG), RefusalLog(LOG)
    busy, idle = (ResilientConnection(pool, outage=outage, refusals=refusals) for _ in range(2))
    with closing(busy), closing(idle):
        for _ in range(2):
            terminate(connection, backend(busy), backend(idle))
            assert not busy.attempt(look)
            assert busy.attempt(look)
            assert not idle.attempt(look)
            assert idle.attempt(look)
    assert heads(caplog) == ["the database is away", "the database is back"] * 2


def test_a_bug_comes_through(resilient: ResilientConnection) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="no result available"):
        resilient.attempt(lambda connection: connection.cursor().fetchone() and None)


@pytest.mark.parametrize(("state", "kind"), [("57P01", ErrorKind.AWAY), ("42501", ErrorKind.REFUSED)])
def test_it_waits_longer_with_each_failure_up_to_a_limit(
    resilient: ResilientConnection, state: str, kind: ErrorKind
) -> None:
    for failures in range(12):
        assert not resilient.attempt(raising(state))
        most = min(SHORTEST_PAUSE * 2**failures, LONGEST_PAUSE[kind])
        assert most / 2 <= resilient.pause() <= most
    assert resilient.attempt(look)
    assert not resilient.attempt(raising(state))
    assert resilient.pause() <= SHORTEST_PAUSE


def test_one_that_is_given_back_is_used_again_and_one_that_is_dropped_is_not(
    pool: ConnectionPool[Conn], resilient: ResilientConnection
) -> None:
    first = backend(resilient)
    resilient.close()
    again = backend(resilient)
    assert again == first
    resilient.drop()
    assert backend(resilient) != first
