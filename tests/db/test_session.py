"""A worker's session through an outage: what it shows on the scoreboard meanwhile, and afterwards."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from pooljobs.db.resilient_connection import SILENT_TRIES
from pooljobs.errors import DatabaseRefusedError
from pooljobs.scoreboard import Activity, SlotState
from pooljobs_steward import leases
from pooljobs_worker.session.worker_session import GaveUpError
from tests.support.claims import insert, scalar
from tests.support.waiting import wait_until
from tests.support.worker_parts import claimer_of, worker_parts


def test_it_shows_that_it_waits_and_what_it_did_before_afterwards(dsn: str) -> None:
    seen: list[tuple[Activity, int]] = []
    with worker_parts(dsn) as components:
        slot = components.child.slot
        slot.activity = Activity.RUNNING
        began = time.monotonic_ns()

        def work(connection: Connection[Any]) -> None:
            seen.append((slot.activity, slot.heartbeat_ns))
            if len(seen) < 3:
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        components.session.run(work)
        assert [activity for activity, _ in seen] == [Activity.RUNNING, *[Activity.WAITING_FOR_DATABASE] * 2]
        assert began < seen[1][1] < seen[2][1], "a heartbeat a pause"
        assert slot.activity is Activity.RUNNING


def test_a_second_wait_in_one_outage_is_shown_too(dsn: str) -> None:
    with worker_parts(dsn) as components:
        slot = components.child.slot
        for _ in range(2):
            shown: list[Activity] = []

            def give_up(shown: list[Activity] = shown) -> bool:
                shown.append(slot.activity)
                return True

            def fail(_connection: Connection[Any]) -> None:
                raise psycopg.OperationalError("away")

            with pytest.raises(GaveUpError):
                components.session.run(fail, give_up=give_up)
            assert shown == [Activity.WAITING_FOR_DATABASE]
            assert slot.activity is not Activity.WAITING_FOR_DATABASE


def test_an_outage_is_told_once_whichever_session_has_noticed(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), worker_parts(dsn, sessions=2) as components:
        sessions = (components.session, components.settler.session)
        assert sessions[0] is not sessions[1]
        for session in sessions:
            session.run(lambda connection: connection.execute("SELECT 1"))
            assert components.child.slot.backends[sessions.index(session)] > 0
        with psycopg.connect(dsn, autocommit=True) as other:
            for backend in components.child.slot.backends.tolist()[:2]:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
        threads = [
            threading.Thread(target=session.run, args=(lambda c: c.execute("SELECT 1"),)) for session in sessions
        ]
        barrier = threading.Barrier(2)

        def wait_for_the_other(_connection: Connection[Any]) -> None:
            barrier.wait(30)  # neither is over it before both have noticed

        for session in sessions:
            session.at_reconnect(wait_for_the_other)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    told = [record.message for record in caplog.records if "database is" in record.message]
    assert [message.split(":")[0].split(" after")[0] for message in told] == [
        "the database is away",
        "the database is back",
    ]


def test_what_another_thread_shows_does_not_hide_a_wait(dsn: str) -> None:
    """The lease of a worker whose results wait for the database must not be renewed."""
    with worker_parts(dsn, sessions=2) as components:
        slot = components.child.slot
        seen: list[Activity] = []

        def looks() -> bool:
            seen.append(slot.activity)
            slot.activity = Activity.RUNNING  # as the main thread does when it begins a batch
            return len(seen) >= 4

        def fail(_connection: Connection[Any]) -> None:
            raise psycopg.OperationalError("away")

        with pytest.raises(GaveUpError):
            components.settler.session.run(fail, give_up=looks)
        assert seen.count(Activity.WAITING_FOR_DATABASE) >= 3


def test_what_a_session_notices_late_is_no_other_outage(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    """The server was restarted: one session noticed and has a new connection, the other one had nothing to do."""
    with caplog.at_level(logging.INFO), worker_parts(dsn, sessions=2) as components:
        sessions = (components.session, components.settler.session)
        for _ in range(2):
            for session in sessions:
                session.run(lambda connection: connection.execute("SELECT 1"))
            with psycopg.connect(dsn, autocommit=True) as other:
                for backend in components.child.slot.backends.tolist()[:2]:
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
        for session in sessions:
            session.run(lambda connection: connection.execute("SELECT 1"))
    told = [record.message for record in caplog.records if "database is away" in record.message]
    assert len(told) == 2


def test_a_second_outage_is_told_though_the_first_was_noticed_late(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), worker_parts(dsn, sessions=2) as components:
        late = components.settler.session
        for session in (components.session, late):
            session.run(lambda connection: connection.execute("SELECT 1"))
        failures = iter((True, True, False))

        def work(connection: Connection[Any]) -> None:
            if next(failures):
                raise psycopg.OperationalError("away")

        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (components.child.slot.backends[0],))
        components.session.run(lambda connection: connection.execute("SELECT 1"))
        late.run(work)  # its old connection, and then a new one
    told = [record.message for record in caplog.records if "database is away" in record.message]
    assert len(told) == 2


@pytest.mark.hazard(
    "A worker that may not claim or settle dies of it again and again, or waits for a database that is there",
    closed="it says what was refused, keeps its results and its lease, and tries again "
    "(`worker/pooljobs_worker/session/worker_session.py`)",
    area="rows",
)
def test_what_is_refused_is_told_as_what_it_is_and_done_once_it_may(
    dsn: str, connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Its worker shows that it lives, and keeps its lease: nobody else would be let do it either."""
    user = sql.Identifier(str(conninfo_to_dict(dsn)["user"]))
    insert(connection, 3)
    with worker_parts(dsn) as components:
        slot, claimer = components.child.slot, claimer_of(components)
        connection.execute(sql.SQL("REVOKE UPDATE ON pooljobs.live FROM {}").format(user))
        seen: list[bool] = []
        sleep, here = time.sleep, threading.get_ident()

        def look(seconds: float) -> None:
            if threading.get_ident() != here:  # another library's thread, in this process for another test
                sleep(seconds)
                return
            seen.append(leases.deserves(slot, time.monotonic_ns(), 2**62) and not slot.activity)
            if len(seen) == 5:
                connection.execute(sql.SQL("GRANT UPDATE ON pooljobs.live TO {}").format(user))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pooljobs_worker.session.worker_session.time.sleep", look)
            assert len(claimer.claim(10)) == 3
        assert seen[:5] == [True] * 5
    told = [record.message for record in caplog.records]
    assert told == ["the database refused: permission denied for table live (in claim.sql); trying again"]


@pytest.mark.hazard("A server that has no memory for anybody is taken")
def test_results_that_are_refused_are_kept_until_they_can_be_stored(
    dsn: str, connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    connection.execute("CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''broken''; END'")
    insert(connection, 3)
    with worker_parts(dsn) as components:
        jobs = claimer_of(components).claim(10)
        components.held.take(jobs)
        connection.execute("CREATE TRIGGER broken BEFORE INSERT ON pooljobs.history EXECUTE FUNCTION broken()")
        for job in jobs:
            components.settler.add(job.completed(1), job.entry)
        flushing = threading.Thread(target=components.settler.flush)
        flushing.start()
        wait_until(lambda: "trying again" in caplog.text, what="the refusal to be told")
        connection.execute("DROP TRIGGER broken ON pooljobs.history")
        flushing.join(60)
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history WHERE status = 'completed'") == 3
    assert [record.message for record in caplog.records] == [
        "the database refused: broken (in settle.sql); trying again"
    ]


def test_who_is_refused_before_it_is_ready_has_failed_to_start(dsn: str) -> None:
    with worker_parts(dsn) as components:
        components.child.slot.state = SlotState.BOOTING
        with pytest.raises(DatabaseRefusedError, match="the database refused: permission denied for table pg_auth"):
            components.session.run(lambda connection: connection.execute(b"TABLE pg_authid"))
        components.child.slot.state = SlotState.READY


def test_who_meets_others_again_and_again_says_so_and_keeps_its_connection(
    dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    backends: list[int] = []

    def meets_another(connection: Connection[Any]) -> None:
        backends.append(connection.info.backend_pid)
        if len(backends) <= SILENT_TRIES + 1:
            assert not caplog.records
            raise pg.DeadlockDetected("deadlock detected")

    with worker_parts(dsn) as components:
        components.session.run(meets_another)
    assert len(set(backends)) == 1
    assert [record.message for record in caplog.records] == ["the database refused: deadlock detected; trying again"]


def test_what_is_no_error_of_the_databases_comes_through(dsn: str) -> None:
    with worker_parts(dsn) as components, pytest.raises(psycopg.ProgrammingError):
        components.session.run(lambda connection: connection.cursor().fetchone())
