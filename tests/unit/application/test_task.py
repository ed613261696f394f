from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import pytest

from pooljobs import DeclarationError, JobContext, OptionError, PayloadError, PoolJobs, RetryPolicy, Task, injected
from pooljobs.handler.context import entered
from pooljobs.job.new_job import NewJob

# No test here may reach a database: this address refuses at once.
app = PoolJobs("host=127.0.0.1 port=1")


@dataclass
class Mail:
    to: str
    subject: str = "Welcome"


@app.job(queue="emails", max_retries=5, retry_policy="fixed", retry_delay_secs=2)
def send(payload: Mail, ctx: JobContext = injected()) -> str:
    """Sends a mail."""
    return f"{payload.to} {ctx.attempt}"


@app.job
async def thumbnail(path: str, width: int = 200) -> str:
    return f"{path}@{width}"


def test_a_task_is_still_the_function() -> None:
    assert send(Mail("x"), JobContext(uuid4(), "send", "emails", 1, 5)) == "x 1"
    assert asyncio.run(thumbnail("x", width=3)) == "x@3"
    assert (send.__name__, send.__doc__) == ("send", "Sends a mail.")
    assert inspect.unwrap(send) is send.function
    assert list(inspect.signature(thumbnail).parameters) == ["path", "width"]


def test_it_carries_its_declaration() -> None:
    assert (send.name, send.queue, send.max_retries, send.retry) == ("send", "emails", 5, RetryPolicy("fixed", 2))
    assert (thumbnail.queue, thumbnail.max_retries, thumbnail.retry) == ("default", 3, RetryPolicy("exponential", 1.0))
    assert (send.is_async, thumbnail.is_async) == (False, True)
    assert f"{__file__}:" in send.where


def test_a_job_is_prepared_as_declared() -> None:
    assert send.prepare(Mail("x")) == NewJob(
        job_type="send", payload=b'{"to":"x","subject":"Welcome"}', queue="emails", max_retries=5
    )


def test_options_hold_for_what_is_enqueued_through_them() -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    bound = thumbnail.options(run_at=when, priority=-1, queue="slow", max_retries=1, trace_id="t")
    assert bound.prepare({"path": "y"}) == NewJob(
        job_type="thumbnail",
        payload=b'{"path":"y"}',
        queue="slow",
        priority=-1,
        max_retries=1,
        run_at=when,
        trace_id="t",
    )
    assert thumbnail.options(delay=60).prepare({"path": "y"}).delay_secs == 60.0
    assert thumbnail.prepare({"path": "y"}).queue == "default"


def test_a_job_enqueued_from_a_handler_inherits_the_trace_id() -> None:
    with entered(JobContext(uuid4(), "send", "emails", 1, 5, trace_id="outer")):
        assert thumbnail.prepare({"path": "y"}).trace_id == "outer"
        assert thumbnail.options(trace_id="own").prepare({"path": "y"}).trace_id == "own"
    assert thumbnail.prepare({"path": "y"}).trace_id is None


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "thumbnail: payload has no field 'path'"),
        ((), {"path": 3}, "thumbnail: payload.path: expected a string, got an integer"),
        (("x",), {"widht": 3}, "thumbnail: payload has an unknown field 'widht' (it takes: path, width)"),
        (("x\0",), {}, "thumbnail: payload.path: contains a NUL character, which PostgreSQL cannot store in jsonb"),
    ],
)
def test_a_bad_call_is_refused_by_every_way_of_enqueueing(
    args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    class NoConnection:
        pass

    no_connection: Any = NoConnection()
    calls: list[Callable[[], object]] = [
        lambda: thumbnail.enqueue(*args, **kwargs),
        lambda: thumbnail.options(priority=1).enqueue(*args, **kwargs),
        lambda: asyncio.run(thumbnail.enqueue_async(*args, **kwargs)),
        lambda: thumbnail.enqueue_with(no_connection, *args, **kwargs),
    ]
    for call in calls:
        with pytest.raises(PayloadError) as caught:
            call()
        assert str(caught.value) == message


def test_the_payload_is_checked_as_a_worker_will_read_it() -> None:
    with pytest.raises(PayloadError, match=r"send: payload\.subject: expected a string, got null"):
        send.enqueue(Mail("x", subject=None))  # type: ignore[arg-type] # a dataclass does not check


def test_a_connection_that_is_none_is_refused() -> None:
    wrapper: Any = object()
    with pytest.raises(OptionError, match=r"takes a connection of psycopg, .*, not builtins\.object"):
        thumbnail.enqueue_with(wrapper, path="x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ""}, "the name of a job must be a non-empty string"),
        ({"name": "x" * 201}, "at most 200 characters"),
        ({"queue": ""}, "queue must be a non-empty string"),
        ({"max_retries": 0}, "max_retries is the total number of runs"),
        ({"retry_delay_secs": -1}, "retry_delay_secs must be between"),
    ],
)
def test_a_declaration_out_of_range_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        PoolJobs().job(**arguments)(lambda: None)


def generator() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (generator, "generator: a generator function would never run"),
        (Mail, "Mail: a job must be a function"),
        (send, "send is a job already"),
        (3, "3: a job must be a function"),
    ],
)
def test_what_is_no_handler_is_refused(handler: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        PoolJobs().job(handler)


def test_a_typed_task_is_a_task() -> None:
    assert isinstance(send, Task)
    assert repr(send).startswith("<Task send of queue emails at ")


def test_task_is_generic_at_run_time_too() -> None:
    assert Task[[Mail], None].__origin__ is Task  # type: ignore[attr-defined]
    assert Task[..., Any] != Task[[Mail], Any]


async def in_time() -> AsyncIterator[dict[str, str]]:
    yield {"path": "x"}


@pytest.mark.parametrize(
    ("items", "kind", "hint"),
    [
        ({"path": "x"}, r"builtins\.dict", "put it into a list: [item]"),
        ("x", r"builtins\.str", "put it into a list: [item]"),
        (Mail("x"), r"tests\.unit\.application\.test_task\.Mail", "put it into a list: [item]"),
        (in_time(), r"builtins\.async_generator", "await them into a list first: [item async for item in …]"),
    ],
)
def test_many_are_an_iterable_and_no_payload(items: Any, kind: str, hint: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: thumbnail.enqueue_many(items),
        lambda: asyncio.run(thumbnail.enqueue_many_async(items)),
        lambda: thumbnail.options(priority=1).enqueue_many_with(cast("Any", None), items),
        lambda: app.enqueue_many("thumbnail", items),
    ]
    for call in calls:
        with pytest.raises(
            PayloadError, match=f"thumbnail: enqueue_many takes an iterable of payloads, not {kind}"
        ) as caught:
            call()
        assert caught.value.hint == hint


def test_an_application_takes_a_name_and_no_task() -> None:
    with pytest.raises(OptionError, match="by the name of a job type, not by the task") as caught:
        app.enqueue(cast("Any", thumbnail), {"path": "x"})
    assert caught.value.hint == "call its own method, or give its name, 'thumbnail'"
