"""Cancelling jobs that run, end to end: from the request in the table to what the handler and the job's row say."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

import pooljobs
from tests.process.test_cancel import asked, began, cancel, row
from tests.support.claims import scalar
from tests.support.serving import Serving, audit_of, unfinished
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(not hasattr(pooljobs, "JobCancelled"), reason="nothing interrupts a handler yet")

FAST = ("--poll-interval", "0.1")


@contextmanager
def serving(dsn: str, tmp_path: Path, *options: str) -> Iterator[tuple[Serving, Connection[Any]]]:
    with (
        audit_of(dsn) as connection,
        Serving(dsn, tmp_path / "log", *FAST, *options, app="tests.support.cancel_app:app") as fleet,
    ):
        yield fleet, connection


def begun(connection: Connection[Any], job_type: str, payload: str = "{}") -> UUID:
    """A job that runs."""
    job_id = scalar(connection, "SELECT pooljobs.enqueue(%s, %s::jsonb)", job_type, payload)
    assert isinstance(job_id, UUID)
    wait_until(lambda: began(connection, job_id), what=f"{job_type} to begin")
    return job_id


def end_of(connection: Connection[Any], job_id: UUID) -> tuple[Any, ...]:
    """The job's row, once it has ended and its request is forgotten."""
    wait_until(lambda: row(connection, job_id)[0] not in ("pending", "running"), what="the job to end")
    wait_until(lambda: not asked(connection), what="the request to be forgotten")
    return row(connection, job_id)


def worker_of(connection: Connection[Any], job_id: UUID) -> int:
    return int(scalar(connection, "SELECT pid FROM public.audit WHERE job_id = %s ORDER BY place DESC LIMIT 1", job_id))


def runs(connection: Connection[Any], job_id: UUID) -> int:
    return int(scalar(connection, "SELECT count(*) FROM public.audit WHERE job_id = %s", job_id))


@pytest.mark.parametrize(("job_type", "concurrency"), [("sleeps", "1"), ("sleeps_async", "1"), ("sleeps_async", "4")])
def test_a_handler_that_does_nothing_about_it_ends(dsn: str, tmp_path: Path, job_type: str, concurrency: str) -> None:
    with serving(dsn, tmp_path, "--concurrency", concurrency) as (_, connection):
        job_id = begun(connection, job_type)
        assert cancel(connection, job_id, "wrong address") == "requested"
        status, attempts, error = end_of(connection, job_id)
        assert (status, attempts) == ("cancelled", 1)
        assert error.splitlines()[0].endswith(": wrong address")
        after = begun(connection, job_type, '{"secs": 0}')
        assert end_of(connection, after)[0] == "completed"
        assert worker_of(connection, after) == worker_of(connection, job_id), "the worker should have gone on"


def test_a_handler_that_returns_has_completed(dsn: str, tmp_path: Path) -> None:
    with serving(dsn, tmp_path) as (_, connection):
        job_id = begun(connection, "returns")
        cancel(connection, job_id, "too late")
        assert end_of(connection, job_id) == ("completed", 1, None)


def test_a_handler_that_fails_at_it_is_cancelled_and_not_run_again(dsn: str, tmp_path: Path) -> None:
    with serving(dsn, tmp_path) as (_, connection):
        job_id = begun(connection, "raises")
        cancel(connection, job_id)
        status, _, error = end_of(connection, job_id)
        assert status == "cancelled"
        assert "could not clean up" in error
        assert runs(connection, job_id) == 1


@pytest.mark.parametrize(
    ("job_type", "concurrency"), [("stubborn", "1"), pytest.param("sleeps", "2", marks=pytest.mark.long)]
)
def test_a_handler_that_cannot_be_told_is_killed_and_costs_nobody_else(
    dsn: str, tmp_path: Path, job_type: str, concurrency: str
) -> None:
    """What runs in a thread cannot be interrupted, and what does not listen need not be asked again."""
    with serving(dsn, tmp_path, "--concurrency", concurrency) as (_, connection):
        neighbour = begun(connection, "sleeps", '{"secs": 20}') if concurrency == "2" else None
        job_id = begun(connection, job_type)
        cancel(connection, job_id)
        assert end_of(connection, job_id)[0] == "cancelled"
        assert runs(connection, job_id) == 1
        wait_until(lambda: not unfinished(connection), timeout=60, what="the neighbour to end")
        if neighbour is not None:
            assert row(connection, neighbour)[:2] == ("completed", 1), "its first run was cut short, and is not charged"


def test_a_job_whose_worker_dies_first_does_not_end_otherwise(dsn: str, tmp_path: Path) -> None:
    with serving(dsn, tmp_path) as (_, connection):
        job_id = begun(connection, "stubborn")
        cancel(connection, job_id)
        os.kill(worker_of(connection, job_id), signal.SIGKILL)
        assert end_of(connection, job_id)[0] == "cancelled"


def test_a_request_is_passed_on_while_the_fleet_drains(dsn: str, tmp_path: Path) -> None:
    with serving(dsn, tmp_path, "--shutdown-timeout", "60") as (fleet, connection):
        job_id = begun(connection, "sleeps")
        fleet.signal(signal.SIGTERM)
        wait_until(lambda: "draining" in fleet.text, what="the drain")
        cancel(connection, job_id)
        assert fleet.ended() == 0
        assert row(connection, job_id)[0] == "cancelled"
