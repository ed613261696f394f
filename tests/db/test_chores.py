"""The steward's chores: who is reaped and when, what a beat leads to, what waits for somebody's lock."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.job.verdict import Verdict
from pooljobs.process.child import Child
from pooljobs.process.fleet import fleet_of
from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_steward.chore_schedule import make_way
from pooljobs_steward.chores import Chores
from tests.support.claims import SQL, claim, insert, register, scalar, settle_all
from tests.support.waiting import wait_until

HELD = "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL"
DEAD = "SELECT count(*) FROM pooljobs.workers WHERE dead_at IS NOT NULL"


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    with closing(Scoreboard.create(2, 10)) as made:
        made.slot(0).role = Role.STEWARD
        yield made


@pytest.fixture
def acted() -> threading.Event:
    return threading.Event()


@pytest.fixture
def chores(dsn: str, board: Scoreboard, acted: threading.Event) -> Chores:
    settings = ServeSettings(dsn=dsn, app="", worker=WorkerSettings(job_timeout=1.0))
    return Chores(
        settings,
        Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid()),
        acted=acted,
        log=logging.getLogger("test"),
    )


def test_what_a_reaped_worker_held_is_given_back_though_the_table_was_locked_just_then(
    dsn: str, connection: Connection[Any], chores: Chores
) -> None:
    def done(query: str, number: int) -> bool:
        chores.run_due(connection)
        return bool(scalar(connection, query) == number)

    worker = register(connection, job_timeout=1.0)
    make_way(connection)
    insert(connection, 3)
    assert claim(connection, worker)
    chores.run_due(connection)
    assert scalar(connection, HELD) == 3
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE pooljobs.history, pooljobs.live IN SHARE MODE")
        wait_until(lambda: done(DEAD, 1), what="the worker to be reaped")
        assert scalar(connection, HELD) == 3
    wait_until(lambda: done(HELD, 0), what="its jobs to be given back")


@pytest.mark.hazard(
    "After a long outage, a late promotion, a suspension, or when the server's clock was set, all leases are "
    "past, and everybody reaps everybody",
    closed="who was without the database, or has just come, reaps nobody for as long as a lease lasts, and renews at "
    "once (`supervisor/pooljobs_steward/unbroken_view.py`); a lease counts from the later of its end and the "
    "server's start plus `--job-timeout` (`reap_workers.sql`, `claim.sql`); a worker whose claim is refused "
    "renews before it gives itself up",
    area="ownership",
)
def test_nobody_is_reaped_by_who_has_only_just_come_or_come_back(connection: Connection[Any], chores: Chores) -> None:
    """All leases are past after a promotion that came late; their owners are about to renew them."""
    worker = register(connection, job_timeout=1.0)
    connection.execute("UPDATE pooljobs.workers SET leased_until = now() - interval '1 h'")
    for _ in range(2):
        chores.run_due(connection)
        chores.interrupted()
    connection.execute(SQL.load("renew_leases"), {"worker_ids": [worker]})
    chores.run_due(connection)
    assert scalar(connection, DEAD) == 0


@pytest.mark.hazard("After a long outage, a late promotion")
def test_who_comes_back_renews_first(connection: Connection[Any], chores: Chores, board: Scoreboard) -> None:
    def lease() -> object:
        return scalar(connection, "SELECT leased_until FROM pooljobs.workers")

    def renewed(first: object) -> bool:
        chores.run_due(connection)
        return lease() != first

    slot = board.slot(1)
    slot.role, slot.state, slot.pid, slot.worker_id = Role.WORKER, SlotState.READY, os.getpid(), register(connection)
    slot.leased_until_ns = slot.heartbeat_ns = time.monotonic_ns() + 3_600_000_000_000
    chores.run_due(connection)
    first = lease()
    wait_until(lambda: chores.seconds_to_next() == 0, what="the next beat")
    chores.run_due(connection)
    assert lease() == first, "there is no need to renew"
    chores.interrupted()
    wait_until(lambda: renewed(first), what="the lease to be renewed at once")


@pytest.mark.hazard("A process tree is killed and started again at once")
def test_workers_of_a_process_tree_that_exists_no_longer_are_dead_at_once(
    connection: Connection[Any], board: Scoreboard, chores: Chores
) -> None:
    child = Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid())
    mine, elsewhere = fleet_of(child), {"boot_id": "another", "pid_namespace": "another", "host": "another"}
    with subprocess.Popen(["true"]) as process:
        process.wait()
    expected = []
    for number, (pid, differs) in enumerate(
        [(process.pid, {}), (os.getpid(), {}), *((process.pid, {key: value}) for key, value in elsewhere.items())]
    ):
        connection.execute(SQL.load("renew_fleet"), {**mine, **differs, "fleet": number, "seconds": 600.0})
        worker = register(connection, fleet=number, job_timeout=600.0)
        connection.execute("UPDATE pooljobs.workers SET pid = %s WHERE id = %s", (pid, worker))
        expected += [] if differs or pid == os.getpid() else [worker]
    insert(connection, 3)
    assert claim(connection, expected[0])
    chores.run_due(connection)
    assert connection.execute("SELECT id FROM pooljobs.workers WHERE dead_at IS NOT NULL").fetchall() == [
        (expected[0],)
    ]
    assert scalar(connection, HELD) == 0


def test_a_request_that_the_steward_is_told_of_is_carried_out_without_waiting_for_a_beat(
    connection: Connection[Any], board: Scoreboard, chores: Chores, acted: threading.Event
) -> None:
    board.slot(0).listens = 1
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    chores.run_due(connection)
    connection.execute(SQL.load("cancel_one"), {"job_id": job.id, "reason": None})
    settle_all(connection, job.settled(Verdict.RELEASED))
    acted.set()
    chores.run_due(connection)
    assert scalar(connection, "SELECT status FROM pooljobs.jobs") == "cancelled"
