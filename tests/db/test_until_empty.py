"""When ``serve --until-empty`` has nothing left to do: one look at the rows, of whatever fleets; and what is left."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.job.verdict import Verdict
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs.settings import WorkerSettings
from pooljobs_steward import until_empty
from pooljobs_steward.until_empty import UntilEmpty
from tests.support.claims import SQL, claim, declare, insert, register, settle_all
from tests.support.hearing import steward_connection

SOON, LATER, PAST = "now() + interval '40 s'", "now() + interval '2 min'", "now() - interval '1 s'"
LOG = logging.getLogger("test")


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    """Of a host whose one worker idles."""
    with closing(Scoreboard.create(2, 10)) as board:
        slot = board.slot(1)
        slot.role, slot.state, slot.idle_since_ns = Role.WORKER, SlotState.READY, 1
        yield board


@pytest.fixture
def steward(dsn: str) -> Iterator[Connection[Any]]:
    with steward_connection(dsn) as connection:
        yield connection


def chore(board: Scoreboard, *queues: str) -> UntilEmpty:
    child = Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid())
    return UntilEmpty(SQL, child, settings=WorkerSettings(queues=queues or ("default",)), log=LOG)


def ends(chores: UntilEmpty, board: Scoreboard, steward: Connection[Any]) -> bool:
    chores.look(steward)
    return board.emptied_ns != 0


def put(connection: Connection[Any], run_at: str, changed: str = "", job_type: str = "noop") -> None:
    insert(connection, job_type=job_type)
    connection.execute(f"UPDATE pooljobs.live SET run_at = {run_at}{changed}".encode())


@pytest.mark.parametrize(
    ("row", "ends"),
    [
        ((PAST, ""), False),
        ((SOON, ""), True),  # scheduled, never begun
        ((SOON, ", attempts = 1"), False),
        ((SOON, ", crashes = 1"), False),
        ((SOON, ", losses = 1"), False),
        ((SOON, ", interruptions = 1"), False),
        ((SOON, ", snoozes = 1"), False),
        ((LATER, ", attempts = 1"), True),
        (("'infinity'", ", attempts = 1"), True),
        ((SOON, ", attempts = 1, refused_since = now()"), True),  # it waits for other code
        ((PAST, ", refused_since = now()"), False),  # and this may be it
        ((PAST, ", priority = 4"), False),
        ((PAST, ", queue = 'other'"), True),
        (("'-infinity'", ""), False),
    ],
)
def test_it_ends_unless_a_job_is_due_or_about_to_run_again(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, row: tuple[str, str], ends: bool
) -> None:
    put(connection, *row)
    chore(board).look(steward)
    assert bool(board.emptied_ns) == ends


def test_what_any_fleet_holds_is_waited_for(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection)
    [job] = claim(connection, register(connection, fleet=7)) or []
    chore(board).look(steward)
    assert not board.emptied_ns
    settle_all(connection, job.settled(Verdict.COMPLETED))
    chore(board).look(steward)
    assert board.emptied_ns


@pytest.mark.hazard(
    "`serve --until-empty` ends while a job still runs somewhere, or leaves one that the last handler has enqueued",
    closed="one look in one snapshot decides, of what all fleets hold (`look_for_undone.sql`)",
    area="processes",
)
def test_a_job_is_seen_with_the_end_of_the_one_that_enqueued_it(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection)
    [job] = claim(connection, register(connection, fleet=7)) or []
    with steward.transaction():
        steward.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        steward.execute("SELECT 1")  # the look's snapshot is from here
        insert(connection)
        settle_all(connection, job.settled(Verdict.COMPLETED))
        chore(board).look(steward)
        assert not board.emptied_ns, "the first still ran then"
    chore(board).look(steward)
    assert not board.emptied_ns, "now the second is due"


def test_no_look_is_made_while_a_worker_has_something_to_do(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    board.slot(1).idle_since_ns = 0
    chore(board).look(steward)
    board.slot(1).state = SlotState.BOOTING
    chore(board).look(steward)
    assert not board.emptied_ns


def test_a_due_job_of_a_type_that_no_worker_here_knows_is_left_and_told(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, caplog: pytest.LogCaptureFixture
) -> None:
    put(connection, PAST, job_type="stranger")
    slot, chores = board.slot(1), chore(board)
    assert not ends(chores, board, steward), "nobody has met it yet"
    register(connection, fleet=board.fleet, code=5)
    declare(connection, "noop", fleet=board.fleet, code=5)
    slot.code, slot.foreign_types = 5, 1
    assert ends(chores, board, steward)
    slot.clear()
    with caplog.at_level(logging.INFO):
        chores.tell_left(steward)
    assert caplog.messages == ["ended: nothing due in default; 1 due of types that no worker here knows"]


def test_what_others_hold_is_waited_for_though_no_worker_here_knows_its_type(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard
) -> None:
    insert(connection, job_type="stranger")
    [job] = claim(connection, register(connection, fleet=7)) or []
    board.slot(1).foreign_types = 1
    assert not ends(chore(board), board, steward), "it may enqueue what they know"
    settle_all(connection, job.settled(Verdict.COMPLETED))
    assert ends(chore(board), board, steward)


def test_what_is_left_is_told_and_what_has_failed_here(
    connection: Connection[Any], steward: Connection[Any], board: Scoreboard, caplog: pytest.LogCaptureFixture
) -> None:
    workers = [register(connection, fleet=fleet) for fleet in (board.fleet, 99)]
    for worker in workers:
        insert(connection, 2)
        for job in claim(connection, worker) or []:
            settle_all(connection, job.settled(Verdict.FAILED, error="boom"))
    insert(connection, 3, run_at="2999-01-01")
    insert(connection, 1, run_at="2998-01-01", refused_since="2020-01-01")
    chores = chore(board, "default", "emails")
    with caplog.at_level(logging.INFO):
        chores.tell_left(steward)
        assert not caplog.messages, "it was ended by a signal"
        chores.look(steward)
        chores.tell_left(steward)
    (told,) = caplog.messages
    assert told.startswith("ended: nothing due in default, emails; 1 with payloads that wait for other code; 3 sched")
    assert told.endswith(" d; 2 failed"), "what other fleets failed does not count"


def test_a_long_wait_is_told_now_and_then(
    connection: Connection[Any],
    steward: Connection[Any],
    board: Scoreboard,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(until_empty, "TOLD_AFTER", 0.0)
    put(connection, SOON, ", attempts = 1")
    chores = chore(board)
    with caplog.at_level(logging.INFO):
        chores.look(steward)
        chores.look(steward)
    (told,) = caplog.messages
    assert told.startswith("no end yet: a job is to run again in ")
