"""What the database refuses the steward: it is told as what it is, once, and everything else is done."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from pooljobs.db.connect import child_pool
from pooljobs.db.outage import Outage
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.resilient_connection import ResilientConnection
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_steward.chore_schedule import LOCKED_PAUSE, Chore, ChoreSchedule, make_way
from pooljobs_steward.chores import Chores
from pooljobs_steward.leaders import Leaders
from tests.support.claims import SQL, claim, insert, register, scalar
from tests.support.waiting import wait_until

Conn = Connection[Any]
LOG: Final = logging.getLogger("test")
RAISE: Final = "LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''of a trigger''; END'"


@pytest.fixture
def pool(dsn: str) -> Iterator[ConnectionPool[Conn]]:
    with child_pool(dsn, size=1, application_name="pooljobs test") as pool:
        yield pool


def resilient_of(pool: ConnectionPool[Conn]) -> ResilientConnection:
    return ResilientConnection(pool, outage=Outage(LOG), refusals=RefusalLog(LOG), prepare=make_way)


def schedule_of(*chores: Chore) -> ChoreSchedule:
    return ChoreSchedule(chores, refusals=RefusalLog(LOG), leaders=Leaders(SQL, 1))


@pytest.fixture
def resilient(pool: ConnectionPool[Conn]) -> Iterator[ResilientConnection]:
    with closing(resilient_of(pool)) as made:
        yield made


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    with closing(Scoreboard.create(3, 10)) as board:
        board.slot(0).role = Role.STEWARD
        yield board


@pytest.fixture
def chores(dsn: str, board: Scoreboard) -> Chores:
    settings = ServeSettings(dsn=dsn, app="", worker=WorkerSettings(job_timeout=1.0))
    return Chores(
        settings, Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid()), acted=threading.Event(), log=LOG
    )


def user(dsn: str) -> sql.Identifier:
    return sql.Identifier(str(conninfo_to_dict(dsn)["user"]))


def revoke(connection: Conn, dsn: str, what: str) -> None:
    connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.SQL(what), user(dsn)))


def publish_without_identity(connection: Conn, _dsn: str) -> None:
    connection.execute("ALTER TABLE pooljobs.cancellations REPLICA IDENTITY NOTHING")
    connection.execute("CREATE PUBLICATION everything FOR ALL TABLES")


def break_a_trigger(connection: Conn, _dsn: str) -> None:
    connection.execute(f"CREATE FUNCTION broken() RETURNS trigger {RAISE}".encode())
    connection.execute("CREATE TRIGGER broken BEFORE DELETE ON pooljobs.cancellations EXECUTE FUNCTION broken()")


HINDRANCES: Final[dict[str, Callable[[Conn, str], object]]] = {
    "permission denied for table cancellations": lambda c, dsn: revoke(c, dsn, "ALL ON pooljobs.cancellations"),
    'cannot delete from table "cancellations"': publish_without_identity,
    "of a trigger": break_a_trigger,
    'relation "pooljobs.cancellations" does not exist': lambda c, _dsn: c.execute(
        "ALTER TABLE pooljobs.cancellations RENAME TO mislaid"
    ),
}
"""Of the look at requests to cancel, which comes before the reaping of lost hosts."""


@pytest.mark.hazard(
    "What one chore of the steward's may not do (a privilege, a published table without replica identity, a "
    "broken trigger) is taken for an outage, and the chores behind it are never done",
    closed="errors are classified by SQLSTATE in one table; the rota goes on with the next chore "
    "(`supervisor/pooljobs_steward/chore_schedule.py`)",
    area="rows",
)
@pytest.mark.parametrize("words", HINDRANCES)
def test_what_is_refused_to_one_chore_keeps_no_other_from_its_work(
    words: str,
    *,
    dsn: str,
    connection: Conn,
    resilient: ResilientConnection,
    chores: Chores,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Jobs of a lost host come back, with requests to cancel that cannot be worked off."""
    lost = register(connection, job_timeout=1.0)
    insert(connection, 2)
    assert claim(connection, lost)
    connection.execute("INSERT INTO pooljobs.cancellations (job_id) VALUES (gen_random_uuid())")  # of a job that ended
    HINDRANCES[words](connection, dsn)
    rounds = 0

    def given_back() -> bool:
        nonlocal rounds
        rounds += 1
        assert resilient.attempt(chores.run_due)
        return not scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL")

    wait_until(given_back, what="the lost host's jobs to come back")
    wait_until(lambda: given_back() and rounds > 20, what="more looks")
    told = [record.message for record in caplog.records if "database" in record.message]
    statements = {message.split("(in ")[1].split(")")[0] for message in told}
    assert statements <= {"look_for_chores.sql", "read_cancellations.sql", "drop_cancellations.sql"}
    assert len(told) == len(statements) > 0, "a line each"
    for line in told:
        assert line.startswith(f"the database refused: {words}")
        assert line.endswith("the steward goes on with what else there is to do")


def test_a_burial_that_is_refused_is_tried_again_at_leisure_and_ends_when_it_may(
    dsn: str,
    *,
    connection: Conn,
    pool: ConnectionPool[Conn],
    board: Scoreboard,
    chores: Chores,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dead = [board.slot(1), board.slot(2)]
    for slot in dead:
        slot.role, slot.ordinal, slot.pid, slot.worker_id = Role.WORKER, slot.index, 2**22 + 1, register(connection)
        slot.state = SlotState.DEAD
    insert(connection, 2)
    assert claim(connection, dead[1].worker_id)
    revoke(connection, dsn, "UPDATE ON pooljobs.workers")
    with pool.connection() as child:
        for _ in range(3):
            chores.run_due(child)
        assert [slot.state for slot in dead] == [SlotState.DEAD, SlotState.DEAD]
        assert chores.seconds_to_next() <= LOCKED_PAUSE
        connection.execute(sql.SQL("GRANT UPDATE ON pooljobs.workers TO {}").format(user(dsn)))
        chores.run_due(child)
    assert [slot.state for slot in dead] == [SlotState.FREE, SlotState.FREE]
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL") == 0
    refusals = [record.message for record in caplog.records if "refused" in record.message]
    assert [message.count("in retire_workers.sql") for message in refusals if "retire" in message] == [1]


@pytest.mark.hazard("What one chore of the steward's may not do")
def test_a_chore_that_leaves_a_transaction_open_costs_the_connection_and_nothing_else(
    resilient: ResilientConnection, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []

    def breaks(connection: Conn) -> None:
        connection.execute(b"BEGIN")
        connection.execute(b"SELECT 1 / 0")

    def looks(connection: Conn) -> None:
        assert connection.info.transaction_status is TransactionStatus.IDLE
        done.append(connection.info.backend_pid)

    schedule = schedule_of(Chore("breaks", breaks, every=600.0), Chore("looks", looks, every=0.0))
    first = [resilient.attempt(schedule.run_due) for _ in range(2)]
    assert first == [False, True]
    assert len(done) == 1
    assert "division by zero (in SELECT)" in caplog.text
    assert "away" not in caplog.text


def test_an_outage_ends_the_round_and_is_told_as_one(
    resilient: ResilientConnection, caplog: pytest.LogCaptureFixture
) -> None:
    ends = iter([True, False])
    done: list[float] = []

    def is_ended(connection: Conn) -> None:
        if next(ends):
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    schedule = schedule_of(
        Chore("is ended", is_ended, every=600.0), Chore("rest", lambda _c: done.append(time.monotonic()), every=600.0)
    )
    with caplog.at_level(logging.INFO):
        assert not resilient.attempt(schedule.run_due)
        assert not done
        wait_until(lambda: resilient.attempt(schedule.run_due) and done, what="the rest to be done")
    assert [record.message.split(":")[0].split(" after")[0] for record in caplog.records] == [
        "the database is away",
        "the database is back",
    ]


def test_a_deadlock_is_no_outage_and_no_news(resilient: ResilientConnection, caplog: pytest.LogCaptureFixture) -> None:
    def meets_another(connection: Conn) -> None:
        connection.execute("DO 'BEGIN RAISE SQLSTATE ''40P01''; END'")

    schedule = schedule_of(Chore("meets another", meets_another, every=600.0))
    assert resilient.attempt(schedule.run_due)
    assert schedule.seconds_to_next() <= LOCKED_PAUSE
    assert not caplog.records


def test_what_psycopg_cannot_do_ends_the_steward_with_its_traceback(resilient: ResilientConnection) -> None:
    schedule = schedule_of(Chore("bug", lambda connection: connection.cursor().fetchone() and None, every=1.0))
    with pytest.raises(psycopg.ProgrammingError):
        resilient.attempt(schedule.run_due)
