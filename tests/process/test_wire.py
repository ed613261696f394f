"""The proxy of ``pooljobs chaos``: what passes, what does not, and what is seen of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs_cli.chaos.wire import Wire, open_wire
from tests.support.claims import scalar
from tests.support.waiting import wait_until

ALL = 1.0


@pytest.fixture
def wire(empty_dsn: str) -> Iterator[Wire]:
    with open_wire(empty_dsn) as wire:
        yield wire


def through(wire: Wire) -> Connection[Any]:
    """A connection that is old enough to be harmed."""
    return psycopg.connect(wire.dsn, autocommit=True)


def silenced(wire: Wire, seconds: float | None) -> int:
    return wait_until(lambda: wire.silence(0.0, seconds, ALL), what="a connection to be old enough")


def test_what_is_asked_and_answered_passes_however_much(wire: Wire) -> None:
    with through(wire) as connection:
        assert scalar(connection, "SELECT length(repeat('x', 5000000))") == 5_000_000
        assert len(scalar(connection, "SELECT repeat('x', 5000000)")) == 5_000_000
        assert connection.info.hostaddr == "127.0.0.1"
        assert wire.silent() == 0


def test_a_silence_is_over_after_its_time_and_nothing_is_lost(wire: Wire) -> None:
    with through(wire) as connection:
        assert silenced(wire, 3.0) == 1
        assert wire.silent() == 1
        assert scalar(connection, "SELECT 7") == 7
        assert wire.silent() == 0


def test_a_connection_that_is_silent_for_ever_hangs_and_others_do_not(wire: Wire) -> None:
    with through(wire) as connection:
        assert silenced(wire, None) == 1
        answers: list[int] = []
        asking = threading.Thread(target=ask, args=(connection, answers), daemon=True)
        asking.start()
        with through(wire) as other:
            assert scalar(other, "SELECT 8") == 8
        asking.join(1.0)
        assert asking.is_alive(), "it hangs"
        assert wire.silent() == 1
        assert wire.heal() == 1
        asking.join(30)
        assert not asking.is_alive()
        assert answers == []


def ask(connection: Connection[Any], answers: list[int]) -> None:
    try:
        answers.append(scalar(connection, "SELECT 1"))
    except psycopg.OperationalError:
        return


def test_a_silence_that_nobody_is_left_to_miss_does_not_count(wire: Wire) -> None:
    connection = through(wire)
    assert silenced(wire, None) == 1
    connection.close()
    wait_until(lambda: wire.silent() == 0, what="the client's end to be seen")


def test_a_reset_is_an_error_at_once(wire: Wire) -> None:
    with through(wire) as connection:
        wait_until(lambda: wire.reset(0.0, ALL), what="a connection to be old enough")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_the_server_ends_a_connection_through_it(wire: Wire) -> None:
    with through(wire) as connection, pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
