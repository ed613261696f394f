"""A batch whose results are on their way while its worker runs the next: nothing of it is lost, repeated or blamed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.settings import MAX_BATCH
from tests.support.claims import scalar
from tests.support.serving import Serving, audit_of, counts, enqueue
from tests.support.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
SETTLING = WAITING + " AND position('started_ago' IN query) > 0"
"""The steward waits for history too, when it makes partitions."""
ONE_WORKER = ("--procs", "1", "--batch-size", "10", "--no-adaptive", "--poll-interval", "0.1")
HUNG = "hangs outside any handler"


@contextmanager
def no_settlements(dsn: str) -> Iterator[None]:
    """Nothing gets into history, and claims go on."""
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE pooljobs.history IN SHARE MODE")
        yield


def runs(connection: Connection[Any]) -> int:
    return int(scalar(connection, "SELECT count(*) FROM public.audit"))


@pytest.mark.hazard("A batch is settled behind the next one")
def test_the_next_batch_runs_while_the_last_is_settled_and_no_further(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", *ONE_WORKER) as serving:
            with no_settlements(dsn):
                enqueue(connection, "audited", 30)
                wait_until(lambda: runs(connection) >= 20, what="the second batch to run")
                assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL") == 20
                assert counts(connection).get("completed", 0) == 0
            wait_until(lambda: counts(connection) == {"completed": 30}, what="all to be settled")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text
        assert runs(connection) == 30


@pytest.mark.hazard(
    "A batch is settled behind the next one: its results are lost with a worker that dies in that, or go on piling up",
    closed="the steward settles them from the scoreboard; the main thread is one batch ahead at the most "
    "(`worker/pooljobs_worker/settling/flusher.py`)",
    area="ownership",
)
def test_of_a_worker_that_dies_then_the_last_batch_is_settled_by_the_steward(dsn: str, tmp_path: Path) -> None:
    """Not run again: that its handlers returned is known from the scoreboard."""
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", *ONE_WORKER) as serving:
            with no_settlements(dsn):
                connection.execute("BEGIN")  # one batch is claimed of the first ten, and the killer is in the next
                enqueue(connection, "audited", 10)
                enqueue(connection, "dies_once", 1)
                connection.execute("COMMIT")
                wait_until(lambda: "SIGKILL" in serving.text, what="the death")
            wait_until(lambda: counts(connection) == {"completed": 11}, what="all to end")
        assert runs(connection) == 12, "the batch before ran again"
        crashed = scalar(connection, "SELECT array_agg(job_type) FROM pooljobs.history WHERE crashes > 0")
        assert crashed == ["dies_once"]


def test_a_drain_waits_for_the_results_that_are_on_their_way(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", *ONE_WORKER) as serving:
            with no_settlements(dsn):
                enqueue(connection, "audited", 10)
                wait_until(lambda: runs(connection) == 10, what="the batch to run")
                serving.signal(signal.SIGTERM)
                wait_until(lambda: "draining" in serving.text, what="the drain to begin")
            assert serving.ended() == 0, serving.text
        assert counts(connection) == {"completed": 10}


def test_with_two_connections_a_batch_is_settled_before_the_next(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *ONE_WORKER, "--connections", "2"):
        with no_settlements(dsn):
            enqueue(connection, "audited", 20)
            wait_until(lambda: runs(connection) and scalar(connection, SETTLING), what="a settlement to wait")
            assert runs(connection) == 10
        wait_until(lambda: counts(connection) == {"completed": 20}, what="all to end")


def test_a_batch_that_the_scoreboard_cannot_hold_beside_the_last_waits(dsn: str, tmp_path: Path) -> None:
    """Its room is for one batch of the largest: claiming on would leave jobs without an entry, and end the worker."""
    options = ("--procs", "1", "--batch-size", str(MAX_BATCH), "--no-adaptive", "--poll-interval", "0.1")
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options) as serving:
        with no_settlements(dsn):
            enqueue(connection, "audited", MAX_BATCH)
            enqueue(connection, "audited", 10)
            wait_until(lambda: runs(connection) == MAX_BATCH, what="the first batch to run")
            wait_until(lambda: scalar(connection, SETTLING), what="its settlement to wait")
        wait_until(lambda: counts(connection) == {"completed": MAX_BATCH + 10}, what="all to end")
        serving.signal(signal.SIGTERM)
        assert serving.ended() == 0, serving.text
        assert "ended by an exception" not in serving.text


def test_a_worker_whose_results_never_get_through_is_replaced_though_it_could_claim(dsn: str, tmp_path: Path) -> None:
    """With several handlers the main thread waits for no settlement: idle, it would show life for ever."""
    options = (*ONE_WORKER, "--concurrency", "2", "--job-timeout", "3")
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", *options) as serving:
            with no_settlements(dsn):
                enqueue(connection, "audited", 10)
                wait_until(lambda: runs(connection) >= 10, what="the batch to run")
                wait_until(lambda: HUNG in serving.text, timeout=90, what="the watchdog")
            wait_until(lambda: counts(connection) == {"completed": 10}, what="all to be settled, or run again")
        assert scalar(connection, "SELECT max(crashes) FROM pooljobs.history") == 0
