"""An application's jobs in a test: payloads that are odd, and jobs that are gone, or cannot be run or stored."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs import (
    PoolJobs,
)
from pooljobs.testing import Drained, JobHarness, harness
from tests.support.harness_app import greet, look, pooljobs_app, seen, takes

__all__ = ["look", "pooljobs_app"]


def test_large_and_odd_payloads(jobs: JobHarness, look: Connection[Any]) -> None:
    """What comes with no claim, what the fast reader of JSON does not take, and what is neither."""
    given = ["".join(random.Random(1).choices("ab", k=1_000_000)), {"a": [None, "\u2028"]}]
    for data in given:
        takes.enqueue(data=data)
    look.execute("SELECT pooljobs.enqueue('takes', jsonb_build_object('data', ('1' || repeat('0', 400))::jsonb))")
    assert jobs.drain() == Drained(completed=3)
    assert seen == [*given, 10**400]


def test_what_this_code_does_not_take_has_failed(jobs: JobHarness, look: Connection[Any]) -> None:
    look.execute("SELECT pooljobs.enqueue('unheard_of'), pooljobs.enqueue('greet', '{\"name\": 5}')")
    drained = jobs.drain()
    assert drained == Drained(failed=2)
    assert any("no handler registered" in error for error in drained.errors)


def test_a_job_that_is_gone_when_it_ends_is_lost(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job
    def deletes() -> None:
        with psycopg.connect(jobs.dsn) as connection:
            connection.execute("DELETE FROM pooljobs.live")

    with harness(own, jobs.dsn) as inner:
        deletes.enqueue()
        assert inner.drain() == Drained(lost=1)


def test_what_the_database_refuses_to_store_is_raised(jobs: JobHarness, look: Connection[Any]) -> None:
    look.execute(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no history''; END';"
        "CREATE TRIGGER refuse BEFORE INSERT ON pooljobs.history FOR EACH ROW EXECUTE FUNCTION public.refuse()"
    )
    greet.enqueue(name="Ada")
    with pytest.raises(psycopg.errors.RaiseException, match="no history"):
        jobs.drain()
