"""An application's jobs in a test: time that passes."""

from __future__ import annotations

import itertools
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import PoolJobs, Unique
from pooljobs.testing import Drained, JobHarness, harness
from tests.support.harness_app import fails, greet, look, pooljobs_app

__all__ = ["look", "pooljobs_app"]


def test_on_a_slow_machine_too_what_travelled_is_found(jobs: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each claim takes a second, looks at a queue from its start are dear, and a worker puts them off."""
    seconds = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr("pooljobs_worker.claims.claimer.time", clock)
    greet.options(delay=30).enqueue(name="later")
    for name in ("Ada", "Grace"):
        greet.enqueue(name=name)
    assert jobs.drain().completed == 2
    jobs.travel(minutes=1)
    assert jobs.drain().completed == 1


def test_what_is_due_later_waits_for_travel(jobs: JobHarness) -> None:
    greet.options(delay=timedelta(hours=1)).enqueue(name="Ada")
    fails.enqueue()
    assert jobs.drain() == Drained(retried=1)
    jobs.travel(minutes=59)
    assert jobs.drain() == Drained()
    jobs.travel(timedelta(minutes=1))
    drained = jobs.drain()
    assert drained == Drained(completed=1, failed=1)
    assert drained.errors[0].startswith("ValueError: no")
    assert "in fails" in drained.errors[0]
    with pytest.raises(ValueError, match="ahead"):
        jobs.travel(hours=-1)


def test_a_key_that_is_held_for_an_hour_is_free_after_one(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job(unique=Unique(within=3600))
    def hourly() -> None: ...

    with harness(own, jobs.dsn) as inner:
        outcomes = [hourly.enqueue().outcome]
        for _ in range(2):
            inner.drain()
            outcomes.append(hourly.enqueue().outcome)
            inner.travel(hours=1)
    assert outcomes == ["new", "kept", "new"]


@pytest.mark.parametrize("table", ["pooljobs.live", "pooljobs.uniques"])
def test_every_time_of_a_live_job_and_of_its_key_travels(jobs: JobHarness, look: Connection[Any], table: str) -> None:
    """Whatever column comes: what is not moved would be out of step."""
    greet.options(delay=60, unique_key="Ada").enqueue(name="Ada")
    times = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND atttypid = 1184 AND attnum > 0"
    names = [name for (name,) in look.execute(times, [table]).fetchall()]
    for name in names:
        look.execute(f"UPDATE {table} SET {name} = coalesce({name}, now())".encode())
    row = f"SELECT {', '.join(names)} FROM {table}".encode()
    before = look.execute(row).fetchone()
    jobs.travel(hours=1)
    after = look.execute(row).fetchone()
    assert before is not None
    assert after is not None
    assert {earlier - later for earlier, later in zip(before, after, strict=True)} == {timedelta(hours=1)}
