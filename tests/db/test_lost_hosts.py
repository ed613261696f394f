"""A lost host's jobs: who is blamed, who is not, and that neither goes on for ever."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.job.verdict import Verdict
from tests.support.claims import SQL, Claim, claim, insert, register, scalar, settle_all

Conn = Connection[Any]
MAX_LOSSES = 4
OF = "SELECT status, losses, attempts, last_error FROM pooljobs.jobs WHERE job_type = %s"


def announce(connection: Conn, job: Claim) -> bool:
    found = connection.execute(SQL.load("record_start"), {"id": job.id, "fence": job.fence, "token": job.token})
    return found.fetchone() is not None


def lose(connection: Conn, worker: int) -> tuple[int, int, int]:
    """The worker's host is lost: its row is marked dead and its jobs are released."""
    connection.execute(SQL.load("retire_workers"), {"worker_ids": [worker]})
    parameters = {"worker_ids": None, "lost": True, "max_losses": MAX_LOSSES}
    with connection.transaction():
        row = connection.execute(SQL.load("release_dead"), parameters, prepare=False).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def host_that_dies(connection: Conn, *, in_job: str) -> tuple[int, int, int]:
    """A host claims everything, begins the named job as a worker does, and is lost."""
    worker = register(connection)
    connection.execute("UPDATE pooljobs.live SET run_at = now()")
    jobs = claim(connection, worker) or []
    for job in jobs:
        if job.job_type == in_job and job.losses:
            assert announce(connection, job)
    return lose(connection, worker)


@pytest.mark.hazard(
    "A job that takes its whole host down wanders from host to host",
    closed="losses are bounded, for the jobs that are known to have run",
    area="blame",
)
def test_a_job_that_takes_its_hosts_down_fails_and_those_that_waited_beside_it_do_not(connection: Conn) -> None:
    insert(connection, job_type="killer")
    insert(connection, 3, job_type="innocent")
    for _ in range(MAX_LOSSES - 1):
        assert host_that_dies(connection, in_job="killer") == (4, 0, 0)
        held = "its host test was lost while it held this job, which may have begun (worker-1, pid 1, loss 1 of 4)"
        assert connection.execute(OF.encode(), ("innocent",)).fetchall() == [("pending", 1, 0, held)] * 3
    assert host_that_dies(connection, in_job="killer") == (4, 0, 1)
    assert connection.execute(OF.encode(), ("killer",)).fetchone() == (
        *("failed", MAX_LOSSES, 0),
        "its host test was lost while it ran this job (worker-1, pid 1, loss 4 of 4)",
    )
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 3


def test_a_loss_is_counted_only_for_the_claim_that_announced_its_run(connection: Conn) -> None:
    insert(connection)
    host_that_dies(connection, in_job="noop")
    worker = register(connection)
    (job,) = claim(connection, worker) or []
    assert job.losses == 1
    assert announce(connection, job)
    settle_all(connection, job.settled(Verdict.RETRY, delay=0.0))
    assert host_that_dies(connection, in_job="another") == (1, 0, 0)
    assert scalar(connection, "SELECT losses FROM pooljobs.live") == 1


def test_those_that_ran_when_their_host_was_lost_are_parted(connection: Conn) -> None:
    insert(connection, 2, job_type="ran")
    insert(connection, job_type="waited")
    host_that_dies(connection, in_job="ran")
    query = "SELECT job_type, suspect, run_at > now() FROM pooljobs.live ORDER BY id"
    assert {row[1:] for row in connection.execute(query).fetchall()} == {(None, False)}
    host_that_dies(connection, in_job="ran")
    waits = "SELECT array_agg(extract(epoch FROM run_at - now())::float8 ORDER BY id) FROM pooljobs.live WHERE suspect"
    first, second = scalar(connection, waits)
    assert abs(first - second) > 1e-6
    assert max(first, second) <= 10
    assert scalar(connection, "SELECT suspect FROM pooljobs.live WHERE job_type = 'waited'") is None


def test_who_lost_its_claim_cannot_announce_a_run(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    (job,) = claim(connection, worker) or []
    lose(connection, worker)
    assert not announce(connection, job)
    claim(connection, register(connection))
    assert not announce(connection, job)


def test_a_dead_worker_of_a_living_host_costs_no_losses(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    (job,) = claim(connection, worker) or []
    announce(connection, job)
    connection.execute(SQL.load("retire_workers"), {"worker_ids": [worker]})
    parameters = {"worker_ids": [worker], "lost": False, "max_losses": MAX_LOSSES}
    assert connection.execute(SQL.load("release_dead"), parameters).fetchone() == (1, 0, 0, None)
    assert connection.execute("SELECT losses, start_recorded, last_error FROM pooljobs.live").fetchone() == (
        0,
        None,
        None,
    )


def test_the_loss_of_an_unknown_worker_is_told_without_its_name(connection: Conn) -> None:
    insert(connection)
    claim(connection, worker := register(connection))
    connection.execute("DELETE FROM pooljobs.workers")
    assert lose(connection, worker) == (1, 0, 0)
    text = scalar(connection, "SELECT last_error FROM pooljobs.live")
    assert text == f"its host (unknown) was lost while it held this job, which may have begun (loss 1 of {MAX_LOSSES})"


def test_the_counter_of_losses_has_room_for_every_bound_that_can_be_set(connection: Conn) -> None:
    insert(connection, losses=9_999)
    worker = register(connection)
    (job,) = claim(connection, worker) or []
    announce(connection, job)
    assert lose(connection, worker) == (1, 0, 1)
    assert scalar(connection, "SELECT losses FROM pooljobs.jobs") == 10_000


def test_announcing_is_a_hot_update(connection: Conn) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    with connection.transaction():
        assert announce(connection, job)
        query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relid = 'pooljobs.live'::regclass"
        row = connection.execute(query).fetchone()  # may include the claim, which is one too
    assert row is not None
    assert row[0] == row[1] >= 1


@pytest.fixture
def slow_look(connection: Conn) -> int:
    """Whoever reads the table of workers waits for this advisory lock."""
    connection.execute("ALTER TABLE pooljobs.workers RENAME TO workers_themselves")
    connection.execute(
        "CREATE VIEW pooljobs.workers AS SELECT w.* FROM pooljobs.workers_themselves AS w"
        " WHERE (SELECT pg_advisory_xact_lock_shared(7)) IS NOT NULL;"
        "GRANT SELECT ON pooljobs.workers TO PUBLIC"
    )
    return 7


def test_what_somebody_else_released_and_a_living_worker_claimed_meanwhile_is_left_alone(
    connection: Conn, dsn: str, slow_look: int
) -> None:
    """Two stewards release at once; one of them finds out who is orphaned, and is late with the release."""
    insert(connection)
    dead, living = register(connection), register(connection)
    claim(connection, dead)
    connection.execute("UPDATE pooljobs.workers_themselves SET dead_at = now() WHERE id = %s", (dead,))
    answers: list[tuple[Any, ...] | None] = []

    def late_steward() -> None:
        with psycopg.connect(dsn, autocommit=True) as other:
            pin(other)
            parameters = {"worker_ids": None, "lost": True, "max_losses": MAX_LOSSES}
            answers.append(other.execute(SQL.load("release_dead"), parameters).fetchone())

    connection.execute("SELECT pg_advisory_lock(%s)", (slow_look,))
    steward = threading.Thread(target=late_steward)
    steward.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not scalar(connection, waiting):
        pass
    connection.execute("UPDATE pooljobs.live SET worker_id = %s, token = 5, fence = fence + 1", (living,))
    connection.execute("SELECT pg_advisory_unlock(%s)", (slow_look,))
    steward.join()
    assert answers == [(0, 1, 0, None)]
    assert connection.execute("SELECT worker_id, losses FROM pooljobs.live").fetchone() == (living, 0)
