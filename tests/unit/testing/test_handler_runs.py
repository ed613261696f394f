"""Handlers run by themselves, without a database: by the worker's dispatcher, in the test's process."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from pooljobs import (
    Discard,
    Fail,
    JobContext,
    PayloadError,
    PoolJobs,
    Retry,
    Snooze,
    State,
    TimeLimit,
    TimeLimitExceeded,
    injected,
)
from pooljobs.job.verdict import Verdict
from pooljobs.process.child_signals import INTERRUPT
from pooljobs_testing.handler_runner import Ended, HandlerRunner
from pooljobs_testing.one_run import NOTHING_STORED, Ran, as_claimed, task_named

app = PoolJobs()
seen: list[Any] = []
tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


class Mailer:
    closed = False


def open_mailer() -> Iterator[Mailer]:
    mailer = Mailer()
    yield mailer
    mailer.closed = True


app.provide(Mailer, open_mailer)


@app.job(max_attempts=3, retry_policy="fixed", retry_delay_secs=60)
def greet(name: str, ctx: JobContext, mailer: State[Mailer], fails: bool = False) -> str:
    seen.append((name, ctx.attempt, tenant.get(), threading.current_thread()))
    if fails:
        raise ValueError(f"no {name}")
    return f"hello {name}"


@app.job
async def greet_async(name: str) -> str:
    await asyncio.sleep(0)
    return f"hello {name}"


@app.job(time_limit=TimeLimit(soft=0.05, hard=60))
def sleeps() -> None:
    time.sleep(60)


@app.job(time_limit=TimeLimit(soft=0.05, hard=60))
async def sleeps_async() -> None:
    await asyncio.sleep(60)


@app.job(max_attempts=5)
def decides(how: str) -> None:
    raise {"snooze": Snooze(5), "retry": Retry(after=7), "fail": Fail("so"), "discard": Discard("so")}[how]


@app.job
def interrupted(how: str) -> None:
    if how == "key":
        raise KeyboardInterrupt
    pytest.fail("seen in the handler")


@app.job
def completes(ctx: JobContext) -> None:
    assert ctx.completion is not None
    operation = ctx.completion._completing()
    next(operation)
    with suppress(StopIteration):
        operation.send((1,))  # the server's answer
    seen.append("completed")


@pytest.fixture
def runner() -> Iterator[HandlerRunner]:
    seen.clear()
    made = HandlerRunner(app)
    yield made
    made.close()
    app.close()


def claimed(task: str, attempt: int = 1, **payload: Any) -> Any:
    named = task_named(app, task)
    return as_claimed(named.prepare(named.binder.payload_of((), payload)), attempt=attempt)


def ran(runner: HandlerRunner, task: str, attempt: int = 1, **payload: Any) -> Ran:
    return Ran.of(runner.run(claimed(task, attempt, **payload), NOTHING_STORED, keep=True))


def test_a_handler_returns_in_this_thread(runner: HandlerRunner) -> None:
    assert ran(runner, "greet", name="Ada") == Ran(verdict=Verdict.COMPLETED, value="hello Ada")
    assert seen == [("Ada", 1, "nobody", threading.current_thread())]


def test_an_async_one_too(runner: HandlerRunner) -> None:
    assert ran(runner, "greet_async", name="Ada").value == "hello Ada"


def test_a_failure_is_judged_by_the_attempt(runner: HandlerRunner) -> None:
    first, last = (ran(runner, "greet", attempt, name="Ada", fails=True) for attempt in (1, 3))
    assert first.verdict is Verdict.RETRY
    assert first.delay == pytest.approx(60, rel=0.5)
    assert (last.verdict, last.delay) == (Verdict.FAILED, None)
    assert isinstance(last.error, ValueError)


def test_what_is_told_of_it_begins_with_the_handler(runner: HandlerRunner) -> None:
    told = ran(runner, "greet", name="Ada", fails=True).last_error
    assert told is not None
    assert told.startswith("ValueError: no Ada")
    assert "pooljobs_testing" not in told
    assert "keeping_dispatcher" not in told
    assert "in greet" in told


@pytest.mark.parametrize(
    ("how", "verdict", "delay"),
    [
        ("snooze", Verdict.SNOOZED, 5),
        ("retry", Verdict.RETRY, 7),
        ("fail", Verdict.FAILED, None),
        ("discard", Verdict.CANCELLED, None),
    ],
)
def test_what_the_handler_decides(runner: HandlerRunner, how: str, verdict: Verdict, delay: float | None) -> None:
    run = ran(runner, "decides", how=how)
    assert (run.verdict, run.delay) == (verdict, delay)


@pytest.mark.parametrize("task", ["sleeps", "sleeps_async"])
def test_a_time_limit_is_raised_in_the_handler_and_the_signal_given_back(runner: HandlerRunner, task: str) -> None:
    def mine(_number: int, _frame: object) -> None: ...

    before = signal.signal(INTERRUPT, mine)
    try:
        assert isinstance(ran(runner, task).error, TimeLimitExceeded)
        assert signal.getsignal(INTERRUPT) is mine
        assert ran(runner, "greet", name="Ada").verdict is Verdict.COMPLETED  # and nothing of it is left
    finally:
        signal.signal(INTERRUPT, before)
    assert not [thread for thread in threading.enumerate() if thread.name == "pooljobs-limit"]


def test_what_is_meant_for_the_runner_of_tests_gets_there(runner: HandlerRunner) -> None:
    with pytest.raises(KeyboardInterrupt):
        ran(runner, "interrupted", how="key")
    with pytest.raises(pytest.fail.Exception, match="seen in the handler"):
        ran(runner, "interrupted", how="fail")


def test_a_handler_may_complete_its_job(runner: HandlerRunner) -> None:
    assert ran(runner, "completes").verdict is Verdict.COMPLETED
    assert seen == ["completed"]


def test_nothing_of_the_test_is_seen_in_context_variables(runner: HandlerRunner) -> None:
    token = tenant.set("the test's")
    ran(runner, "greet", name="Ada")
    tenant.reset(token)
    assert seen[0][2] == "nobody"


def test_a_payload_that_does_not_fit_is_refused(runner: HandlerRunner) -> None:
    with pytest.raises(PayloadError):
        ran(runner, "greet", nmae="Ada")
    with pytest.raises(LookupError, match=r"no job 'grete'; it has .*greet"):
        ran(runner, "grete")
    with pytest.raises(ValueError, match="from 1, not 0"):
        ran(runner, "greet", 0, name="Ada")


def test_a_job_without_a_handler_has_failed(runner: HandlerRunner) -> None:
    job = claimed("greet", name="Ada")
    job.job_type = "unheard_of"
    ended = runner.run(job, NOTHING_STORED)
    assert ended.settlement.verdict is Verdict.FAILED
    assert "no handler registered" in (ended.settlement.error or "")


def test_a_payload_that_is_refused_has_failed(runner: HandlerRunner) -> None:
    job = claimed("greet", name="Ada")
    job.payload = {"name": 5}
    ended = runner.run(job, NOTHING_STORED)
    assert ended.settlement.verdict is Verdict.FAILED
    assert isinstance(ended.error, PayloadError)


async def ended_async(runner: HandlerRunner, task: str, **payload: Any) -> Ended:
    return await runner.run_async(claimed(task, **payload), NOTHING_STORED, keep=True)


@pytest.mark.asyncio
async def test_in_an_event_loop_async_handlers_run_on_it_and_plain_ones_beside_it(runner: HandlerRunner) -> None:
    assert (await ended_async(runner, "greet_async", name="Ada")).value == "hello Ada"
    assert (await ended_async(runner, "greet", name="Bob")).value == "hello Bob"
    assert seen[0][3] is not threading.current_thread()


@pytest.mark.asyncio
async def test_a_time_limit_holds_on_the_tests_loop(runner: HandlerRunner) -> None:
    assert isinstance((await ended_async(runner, "sleeps_async")).error, TimeLimitExceeded)


def test_asynchronous_state_is_closed_on_its_loop() -> None:
    own, told = PoolJobs(), list[str]()

    async def opened() -> AsyncIterator[Mailer]:
        told.append("open")
        yield Mailer()
        await asyncio.sleep(0)
        told.append("closed")

    own.provide(Mailer, opened)

    @own.job
    async def mails(mailer: State[Mailer] = injected()) -> bool:
        return mailer.closed

    runner = HandlerRunner(own)
    job = mails.prepare({})
    assert runner.run(as_claimed(job), NOTHING_STORED, keep=True).value is False
    asyncio.run(runner.run_async(as_claimed(job), NOTHING_STORED))
    runner.close()
    assert told == ["open", "closed"] * 2


def test_hooks_of_the_worker_are_called_once() -> None:
    own, told = PoolJobs(), list[str]()
    own.on_worker_start(lambda: told.append("start"))
    own.on_worker_stop(lambda: told.append("stop"))

    @own.around
    def around() -> Iterator[None]:
        told.append("before")
        yield
        told.append("after")

    @own.job
    def nothing() -> int:
        return 5

    runner = HandlerRunner(own)
    assert told == []
    for _ in range(2):
        job = as_claimed(nothing.prepare({}))
        assert runner.run(job, NOTHING_STORED, keep=True).value == 5
    runner.close()
    assert told == ["start", *["before", "after"] * 2, "stop"]


def test_all_that_was_opened_is_closed() -> None:
    runner = HandlerRunner(app)
    ran(runner, "greet_async", name="Ada")
    mailer = app.state.get(Mailer)
    runner.close()
    app.close()
    assert mailer.closed
