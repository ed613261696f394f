"""What a host whose workers idle looks for, once some of them have met jobs that they do not know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.scoreboard import Role, Scoreboard, SlotState, Wanted
from pooljobs.settings import WorkerSettings
from pooljobs_steward.wakeups.idle_hosts import IdleHosts
from pooljobs_steward.wakeups.known_jobs import KnownJobs
from tests.support.claims import SQL, declare, insert, register
from tests.support.hearing import steward_connection

FLEET = 7


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    with closing(Scoreboard.create(3, 10)) as board:
        for index in (1, 2):
            slot = board.slot(index)
            slot.role, slot.state, slot.code = Role.WORKER, SlotState.READY, index
        yield board


@pytest.fixture
def steward(dsn: str, connection: Connection[Any]) -> Iterator[Connection[Any]]:
    register(connection, fleet=FLEET)
    declare(connection, "old", "both", fleet=FLEET, code=1)
    declare(connection, "new", "both", fleet=FLEET, code=2)
    with steward_connection(dsn) as steward:
        yield steward


def due(board: Scoreboard, steward: Connection[Any]) -> int:
    host = IdleHosts(SQL, FLEET, settings=WorkerSettings(), known_jobs=KnownJobs(SQL, board, FLEET))
    return host.look(steward, 100, marking=False).due


def test_all_is_looked_for_until_a_worker_has_met_something(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection, 3, job_type="foreign")
    insert(connection, 2, job_type="foreign", flags=1)
    assert due(board, steward) == 5


@pytest.mark.hazard("Workers that do not know a job hand it round for ever, or wake one another for it")
def test_what_any_worker_knows_is_looked_for(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    for job_type in ("old", "new", "both", "foreign", "Both"):
        insert(connection, job_type=job_type)
    board.slot(1).foreign_types = 1
    assert due(board, steward) == 3
    board.slot(1).wanted = Wanted.DRAIN  # it claims no more, and with it goes what it has met
    assert due(board, steward) == 5
    board.slot(2).foreign_types = 1
    assert due(board, steward) == 2
    board.slot(1).state = SlotState.FREE
    assert due(board, steward) == 2


def test_the_declarations_are_read_again_when_there_is_other_code(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection, job_type="newest")
    board.slot(1).foreign_types = 1
    known = KnownJobs(SQL, board, FLEET)
    host = IdleHosts(SQL, FLEET, settings=WorkerSettings(), known_jobs=known)
    assert host.look(steward, 100, marking=False).due == 0
    declare(connection, "newest", fleet=FLEET, code=3)
    board.slot(2).code = 3
    assert host.look(steward, 100, marking=False).due == 1


def test_flags_that_no_worker_knows_are_passed_over(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection, job_type="any", flags=1)
    insert(connection, job_type="any", flags=2)
    insert(connection, job_type="any", flags=-32768)
    insert(connection, job_type="any")
    board.slot(1).unknown_flags = ~0
    assert due(board, steward) == 4, "the other code may know them"
    board.slot(2).unknown_flags = ~1
    assert due(board, steward) == 2
    board.slot(2).code = 1
    board.slot(2).unknown_flags = 0
    assert due(board, steward) == 1, "what one has met holds for all with its code"
