from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from pooljobs import JobContext, current_job, current_trace_id
from pooljobs.handler.context import entered


def context(trace_id: str | None = "t-1", attempt: int = 2) -> JobContext:
    return JobContext(uuid4(), "mail", "emails", attempt, 3, -1, trace_id)


def test_a_job_is_current_inside_and_no_more_after_it_also_after_an_error() -> None:
    job = context()

    def fail() -> None:
        with entered(job):
            assert current_job() is job
            assert current_trace_id() == "t-1"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert current_job() is None
    assert current_trace_id() is None


def test_nested_jobs_restore_the_outer_one() -> None:
    with entered(context("outer")):
        with entered(context("inner")):
            assert current_trace_id() == "inner"
        assert current_trace_id() == "outer"


def test_threads_do_not_see_each_others_job() -> None:
    with entered(context()), ThreadPoolExecutor(1) as other:
        assert other.submit(current_trace_id).result() is None


def test_tasks_of_one_loop_do_not_see_each_others_job() -> None:
    async def run(trace_id: str) -> str | None:
        with entered(context(trace_id)):
            await asyncio.sleep(0)
            return current_trace_id()

    async def both() -> tuple[str | None, str | None]:
        first, second = await asyncio.gather(run("a"), run("b"))
        return first, second

    assert asyncio.run(both()) == ("a", "b")


def test_the_logger_carries_the_job(caplog: pytest.LogCaptureFixture) -> None:
    job = context()
    with caplog.at_level(logging.INFO):
        job.logger.info("hello")
    record = caplog.records[0]
    assert record.name == "pooljobs.job.mail"
    assert vars(record).items() >= {"job_id": str(job.id), "attempt": 2, "trace_id": "t-1"}.items()


def test_the_last_attempt_knows_itself() -> None:
    assert [context(attempt=n).is_last_attempt for n in (1, 2, 3)] == [False, False, True]


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        context().attempt = 3  # type: ignore[misc] # that is the point
