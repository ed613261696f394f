"""Pauses: what is not claimed, what goes back, who may pause, and what it costs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import OptionError, PoolJobs
from pooljobs.db.connect import connect
from pooljobs.job.pause import PauseNote, PauseTarget
from pooljobs.job.paused import Paused
from pooljobs.operations.reader import Reader
from pooljobs.scoreboard import Scoreboard
from pooljobs_worker.claims.claimer import Claimer
from pooljobs_worker.claims.lanes import START, Lanes
from pooljobs_worker.components import Components
from tests.support.claims import declare, insert, register, scalar
from tests.support.hearing import listening, sleepers, steward_connection
from tests.support.roles import role_for
from tests.support.worker_parts import claimer_of, others_jobs, worker_parts

MAIL = PauseTarget("queue", "mail")
NOOP = PauseTarget("type", "noop")


def told(components: Components) -> None:
    """The steward's word that something was paused or resumed, and that it knows of nothing else."""
    components.child.board.pauses_version += 1
    fresh(components.child.board)


def fresh(board: Scoreboard) -> None:
    board.pauses_seen_ns = time.monotonic_ns() + 3600 * 10**9


def queues_of(jobs: list[Any]) -> set[str]:
    return {job.queue for job in jobs}


@pytest.fixture
def reader(connection: Connection[Any]) -> Reader:
    return Reader(connection)


def test_a_paused_queue_is_not_claimed_from_until_it_is_resumed(
    dsn: str, connection: Connection[Any], reader: Reader
) -> None:
    with worker_parts(dsn) as components:
        claimer = claimer_of(components)
        insert(connection, 3)
        reader.pause(PauseTarget("queue", "default"), PauseNote("SMTP is down", "Ada"))
        told(components)
        assert claimer.claim(10) == []
        assert claimer.seconds_to_sweep() is None, "an idle worker has nothing to wake up for"
        reader.resume(PauseTarget("queue", "default"))
        assert claimer.claim(10) == [], "it is read when the scoreboard tells"
        told(components)
        assert len(claimer.claim(10)) == 3


def test_the_other_queues_of_a_worker_go_on(dsn: str, connection: Connection[Any], reader: Reader) -> None:
    with worker_parts(dsn) as components:
        child = components.child
        claimer = Claimer(
            components.session,
            components.statements,
            lanes=Lanes({"mail": 1, "other": 1}),
            others_jobs=others_jobs(child.board, child.slot),
            slot=child.slot,
        )
        insert(connection, 3, queue="mail")
        insert(connection, 3, queue="other")
        reader.pause(MAIL, PauseNote())
        told(components)
        assert queues_of(claimer.claim(10)) == {"other"}
        assert claimer.claim(10) == []
        reader.resume(MAIL)
        told(components)
        assert queues_of(claimer.claim(10)) == {"mail"}


def test_a_paused_type_is_passed_over_wherever_it_lies(dsn: str, connection: Connection[Any], reader: Reader) -> None:
    with worker_parts(dsn) as components:
        claimer = claimer_of(components)
        insert(connection, 5)
        insert(connection, 5, job_type="other")
        reader.pause(NOOP, PauseNote())
        told(components)
        assert {job.job_type for job in claimer.claim(10)} == {"other"}
        assert claimer.claim(10) == []
        reader.resume(NOOP)
        told(components)
        assert {job.job_type for job in claimer.claim(10)} == {"noop"}


def test_a_worker_that_boots_while_something_is_paused_knows_it_at_its_first_claim(
    dsn: str, connection: Connection[Any], reader: Reader
) -> None:
    insert(connection, 3)
    reader.pause(NOOP, PauseNote())
    with worker_parts(dsn) as components:
        fresh(components.child.board)
        assert claimer_of(components).claim(10) == []


def test_without_a_steward_workers_look_for_themselves(
    dsn: str, connection: Connection[Any], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pooljobs.db.pause_reader.OWN_NS", 0)
    with worker_parts(dsn) as components:
        claimer = claimer_of(components)
        insert(connection, 4)
        assert len(claimer.claim(1)) == 1
        reader.pause(NOOP, PauseNote())
        assert claimer.claim(10) == [], "nobody has told"
        fresh(components.child.board)
        reader.resume(NOOP)
        assert claimer.claim(10) == [], "somebody would have told"


@pytest.mark.hazard(
    "A queue or type is paused while a claim is under way that takes its jobs, or after it",
    closed="looked at again before they are handed on, and by the flusher's thread while they wait",
    area="claims",
)
def test_what_was_paused_during_its_claim_goes_back_uncharged(
    dsn: str, connection: Connection[Any], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with worker_parts(dsn) as components:
        claimer = claimer_of(components)
        fresh(components.child.board)
        insert(connection, 3)
        insert(connection, 2, job_type="other")
        read = claimer._read

        def pausing(*arguments: Any) -> Any:
            reader.pause(NOOP, PauseNote())
            told(components)
            return read(*arguments)

        monkeypatch.setattr(claimer, "_read", pausing)
        assert {job.job_type for job in claimer.claim(10)} == {"other"}
        monkeypatch.undo()
        assert claimer.claim(10) == []
    untouched = "worker_id IS NULL AND attempts = 0 AND interruptions IS NULL AND run_at = created_at"
    assert scalar(connection, f"SELECT count(*) FROM pooljobs.live WHERE job_type = 'noop' AND {untouched}") == 3


def test_whoever_pauses_first_is_remembered_and_stewards_are_told(
    dsn: str, connection: Connection[Any], reader: Reader
) -> None:
    with listening(dsn) as ear:
        assert reader.pause(MAIL, PauseNote("bounces\nof all kinds", "Ada"))
        assert ear.heard() == ["!act"]
        assert not reader.pause(MAIL, PauseNote("another reason", "Bob"))
        (pause,) = reader.pauses()
        user = scalar(connection, "SELECT session_user")
        assert (pause["kind"], pause["name"], pause["reason"]) == ("queue", "mail", "bounces")
        assert (pause["paused_by"], pause["database_user"]) == ("Ada", user)
        ear.heard()
        assert reader.resume(MAIL)
        assert ear.heard() == ["!act"]
        assert not reader.resume(MAIL)
        assert reader.pauses() == []
        connection.execute("INSERT INTO pooljobs.pauses (kind, name) VALUES ('type', 'by hand')")
        assert "!act" in ear.heard()


def test_applications_pause_and_resume(owner_dsn: str, connection: Connection[Any]) -> None:
    app = PoolJobs(owner_dsn)
    try:
        assert app.pause_queue("mail", reason="down", by="Ada")
        assert not app.pause_queue("mail")
        assert asyncio.run(app.pause_type_async("noop"))
        listed = connection.execute("SELECT kind, name, reason, paused_by FROM pooljobs.pauses ORDER BY 1").fetchall()
        assert listed == [("queue", "mail", "down", "Ada"), ("type", "noop", None, None)]
        assert app.resume_type("noop")
        assert asyncio.run(app.resume_queue_async("mail"))
        assert not app.resume_queue("mail")
        with pytest.raises(OptionError, match="queue's name"):
            app.pause_queue("")
        with pytest.raises(OptionError, match="reason must be a text"):
            app.pause_queue("mail", reason=3)  # type: ignore[arg-type]
    finally:
        app.close()


def test_a_name_of_which_nothing_is_known_may_be_misspelt(
    owner_dsn: str, connection: Connection[Any], reader: Reader
) -> None:
    insert(connection, queue="mail")
    register(connection)
    declare(connection, "noop", queue="reports")
    known = MAIL, NOOP, PauseTarget("queue", "reports")
    misspelt = PauseTarget("queue", "mial"), PauseTarget("type", "nop")
    assert [reader.is_unheard_of(target) for target in (*known, *misspelt)] == [False] * 3 + [True] * 2
    with role_for(owner_dsn, "viewer") as viewer, connect(viewer, application_name="test") as own:
        assert not Reader(own).is_unheard_of(NOOP), "he may not know"
        assert not Reader(own).may_see_declared()


def test_a_pause_is_part_of_the_callers_transaction(connection: Connection[Any]) -> None:
    with connection.transaction(force_rollback=True):
        assert scalar(connection, "SELECT pooljobs.pause_queue('mail', paused_by => 'Ada')") is True
    assert scalar(connection, "SELECT count(*) FROM pooljobs.pauses") == 0
    assert scalar(connection, "SELECT pooljobs.resume_type('noop')") is False


def test_jobs_that_wait_for_a_resume_say_so(connection: Connection[Any], reader: Reader) -> None:
    insert(connection, queue="mail")
    insert(connection, queue="other")
    reader.pause(MAIL, PauseNote("down"))
    paused = {job["queue"]: job["paused"] for job in reader.list_jobs()}
    assert paused["other"] is None
    assert paused["mail"]["reason"] == "down"
    reader.pause(NOOP, PauseNote())
    paused = {job["queue"]: job["paused"] for job in reader.list_jobs()}
    assert (paused["mail"]["kind"], paused["other"]["kind"]) == ("queue", "type")


@pytest.mark.hazard("Many jobs that a worker cannot take lie in front of its own")
def test_a_deep_backlog_of_a_paused_type_is_walked_over_once(
    dsn: str, connection: Connection[Any], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later claims begin behind it, and so does what an idle host looks for."""
    insert(connection, 20_000)
    connection.execute("UPDATE pooljobs.live SET run_at = run_at - interval '1 hour'")
    reader.pause(NOOP, PauseNote())
    monkeypatch.setattr("pooljobs_worker.claims.lanes.DEAR", 0.0)  # however fast the machine is, it was dear
    with worker_parts(dsn) as components:
        claimer = claimer_of(components)
        told(components)
        assert claimer.claim(10) == []
        assert claimer._lanes is not None
        assert START not in claimer._lanes.plan(time.monotonic()).floors
        insert(connection, 3, job_type="other")
        assert {job.job_type for job in claimer.claim(10)} == {"other"}
        with steward_connection(dsn) as steward:
            host = sleepers()
            host.heed(Paused(types=frozenset({"noop"})))
            found = host.look(steward, 10, marking=False)
            assert (found.due, found.next_in) == (0, None)
            assert found.since is not None
            insert(connection, job_type="other")
            assert host.look(steward, 10, marking=False, since=found.since).due == 1


def test_nobody_is_woken_for_a_paused_queue(dsn: str, connection: Connection[Any]) -> None:
    with listening(dsn) as ear, steward_connection(dsn) as steward:
        host = sleepers("mail", "other")
        host.fall_asleep(steward)
        host.stay_awake(steward)
        host.heed(Paused(queues=frozenset({"mail"})))
        host.fall_asleep(steward)
        for queue in ("mail", "other"):
            connection.execute("SELECT pooljobs.enqueue('noop', queue => %s)", (queue,))
        assert ear.heard() == ["other"]
        assert host.look(steward, 10, marking=False).due == 1
