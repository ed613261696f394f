"""Hooks are checked where they are registered; what is enqueued goes through theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pooljobs import PoolJobs
from pooljobs.errors import DeclarationError
from pooljobs.job.new_job import NewJob
from pooljobs.job.unique_rule import UniqueRule


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


@pytest.mark.hazard(
    "What one hook says of a job breaks the enqueues of others, which are stored together with it.",
    closed="what a hook changes is looked at as an enqueue's own options are",
    area="enqueueing",
)
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"priority": 5}, "priority must be a whole number from -4 to 4"),
        ({"queue": 5}, "queue must be a non-empty string"),
        ({"queue": None}, "queue must be a non-empty string"),
        ({"job_type": ""}, "job_type must be a non-empty string"),
        ({"trace_id": 5}, "trace_id must be a non-empty string"),
        ({"max_retries": 0}, "max_retries is the total number of runs"),
        ({"delay_secs": -1.0}, "delay_secs must be between 0 seconds and a century"),
        ({"delay_secs": timedelta(1)}, "delay_secs must be a number of seconds"),
        ({"run_at": datetime(2030, 1, 1)}, "run_at must be an aware datetime"),  # noqa: DTZ001
        ({"tags": "acme"}, "tags must be a tuple of texts"),
        ({"tags": ("x" * 65,)}, "a tag has at most 64 characters"),
        ({"meta": {"customer": 7}}, "meta must be JSON as bytes"),
        ({"meta": b"[]"}, "meta must be a mapping"),
        ({"meta": b"{"}, "meta is not JSON"),
        ({"payload": "{}"}, "payload must be JSON as bytes"),
        ({"payload": b"{"}, "payload is not JSON"),
        ({"unique": "yes"}, "unique is what the declaration and the enqueue make of it"),
    ],
)
def test_what_a_hook_changes_is_looked_at(changed: dict[str, Any], told: str) -> None:
    app = PoolJobs()

    @app.job
    def greet(name: str) -> None: ...

    @app.on_enqueue
    def change(job: NewJob) -> NewJob:
        return job._replace(**changed)

    with pytest.raises(DeclarationError, match="change returned another job that cannot be stored") as refused:
        greet.prepare({"name": "Ada"})
    assert told in str(refused.value)
    assert "Ada" not in str(refused.value), "the payload may be secret"


def test_a_hook_may_change_all_that_an_enqueue_says() -> None:
    app = PoolJobs()

    @app.job
    def greet(name: str) -> None: ...

    when = datetime(2030, 1, 1, tzinfo=UTC)
    other = NewJob("welcome", b'{"name":"Eve"}', "fast", -4, 9, 1.5, when, "t1", UniqueRule(), ("acme",), b'{"a":1}')
    app.on_enqueue(lambda _job: other)
    assert greet.prepare({"name": "Ada"}) == other
    app.on_enqueue(lambda job: job._replace(trace_id=None, run_at=None, unique=None, meta=None, tags=["acme"]))
    changed: tuple[object, ...] = greet.prepare({"name": "Ada"})
    assert changed[6:] == (None, None, None, ["acme"], None)


def test_a_payload_that_a_hook_gives_to_many_jobs_is_refused_and_not_lost() -> None:
    app = PoolJobs("host=/nowhere")

    @app.job
    def greet(name: str) -> None: ...

    app.on_enqueue(lambda job: job._replace(payload=b'{"name":"Eve"}'))
    assert greet.prepare({"name": "Ada"}).payload == b'{"name":"Eve"}'
    with pytest.raises(DeclarationError, match="enqueue_many have each a payload of their own"):
        greet.enqueue_many([{"name": "Ada"}])
