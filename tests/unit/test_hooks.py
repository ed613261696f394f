"""Hooks are checked where they are registered; what is enqueued goes through theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from pooljobs import PoolJobs
from pooljobs.errors import DeclarationError
from pooljobs.job.new_job import NewJob


def surrounds() -> Iterator[None]:
    yield


async def surrounds_async(job: object) -> AsyncIterator[None]:
    yield


def takes_two(job: object, call: object) -> Iterator[None]:
    yield


def plain() -> None:
    return


async def asynchronous(job: object) -> None:
    return


@pytest.mark.parametrize("hook", [surrounds, surrounds_async])
def test_a_generator_function_may_surround(hook: Any) -> None:
    app = PoolJobs()
    assert app.around(hook) is hook
    assert app.hooks.around == [hook]


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (plain, "plain: what surrounds runs must yield once"),
        (asynchronous, "must yield once"),
        (takes_two, r"takes_two.*: this hook is given the JobContext, or nothing"),
        (5, "must yield once"),
    ],
)
def test_anything_else_may_not(hook: Any, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        PoolJobs().around(hook)


@pytest.mark.parametrize("name", ["on_enqueue", "on_failure", "on_worker_start", "on_worker_stop"])
@pytest.mark.parametrize("hook", [asynchronous, surrounds, "text", takes_two])
def test_hooks_that_are_called_are_plain_functions_with_the_right_arguments(name: str, hook: Any) -> None:
    with pytest.raises(DeclarationError):
        getattr(PoolJobs(), name)(hook)


def test_each_job_goes_through_the_hooks_of_enqueueing_in_order() -> None:
    app = PoolJobs()

    @app.job
    def greet(name: str) -> None: ...

    @app.on_enqueue
    def trace(job: NewJob) -> NewJob:
        return job._replace(trace_id="t1")

    @app.on_enqueue
    def look(job: NewJob) -> None:
        assert job.trace_id == "t1"

    assert greet.prepare({"name": "Ada"}).trace_id == "t1"
    assert greet.options(priority=1).prepare({"name": "Ada"}) == NewJob(
        "greet", b'{"name":"Ada"}', priority=1, trace_id="t1"
    )


def test_a_hook_that_returns_something_else_is_an_error_of_the_enqueue() -> None:
    app = PoolJobs()

    @app.job
    def greet() -> None: ...

    app.on_enqueue(lambda _job: "job")  # type: ignore[type-var]
    with pytest.raises(DeclarationError, match="must return the job"):
        greet.prepare({})
