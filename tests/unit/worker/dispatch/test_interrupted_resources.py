"""Interrupts meet a handler, and never what surrounds it: what was opened for a run is closed, whatever the moment.

Signals are real ones, sent to this process.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from time import monotonic_ns

import pytest

from pooljobs import JobCancelled, PoolJobs, State, TimeLimit, TimeLimitExceeded
from pooljobs.job.verdict import Verdict
from pooljobs.process.child_signals import INTERRUPT
from tests.unit.worker.dispatch.test_interrupter import storm
from tests.unit.worker.dispatching import Dispatching, dispatching

LIMIT = TimeLimit(soft=0.001)
TOLD: list[str] = []


class Session: ...


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    TOLD.clear()
    before = signal.getsignal(INTERRUPT)
    yield
    signal.signal(INTERRUPT, before)


def busy(secs: float) -> None:
    until = time.monotonic() + secs
    while time.monotonic() < until:
        pass


def plain_app(secs: float) -> PoolJobs:
    """What surrounds the handler takes as long as its limit."""
    app = PoolJobs()

    @app.around
    def hook() -> Iterator[None]:
        busy(secs)
        TOLD.append("hook entered")
        try:
            yield
        finally:
            busy(secs)
            TOLD.append("hook left")

    def session() -> Iterator[Session]:
        busy(secs)
        TOLD.append("opened")
        try:
            yield Session()
        except BaseException as error:
            busy(secs)
            TOLD.append(f"rolled back {type(error).__name__}")
            raise
        busy(secs)
        TOLD.append("committed")

    app.provide(Session, session, scope="run")

    @app.job(time_limit=LIMIT)
    def plain(session: State[Session], secs: float) -> None:
        busy(secs)

    return app


def async_app(secs: float) -> PoolJobs:
    app = PoolJobs()

    @app.around
    async def hook() -> AsyncIterator[None]:
        await asyncio.sleep(secs)
        TOLD.append("hook entered")
        try:
            yield
        finally:
            await asyncio.sleep(secs)
            TOLD.append("hook left")

    async def session() -> AsyncIterator[Session]:
        await asyncio.sleep(secs)
        TOLD.append("opened")
        try:
            yield Session()
        except BaseException as error:
            await asyncio.sleep(secs)
            TOLD.append(f"rolled back {type(error).__name__}")
            raise
        await asyncio.sleep(secs)
        TOLD.append("committed")

    app.provide(Session, session, scope="run")

    @app.job(time_limit=LIMIT)
    async def awaits(session: State[Session], secs: float) -> None:
        await asyncio.sleep(secs)

    return app


KINDS = pytest.mark.parametrize(("job_type", "tasks"), [("plain", False), ("awaits", False), ("awaits", True)])


@KINDS
def test_a_storm_of_signals_leaves_nothing_open(job_type: str, *, tasks: bool) -> None:
    randomness = random.Random(4711)
    verdicts: list[Verdict] = []
    app = plain_app(0.0003) if job_type == "plain" else async_app(0.0003)
    with dispatching(app, tasks=tasks) as here:
        here.interrupter.install()
        with storm():
            for _ in range(150):
                TOLD.clear()
                job = here.claimed(job_type, {"secs": randomness.uniform(0.0, 0.001)})
                settlement = here.run(job, monotonic_ns())
                verdicts.append(settlement.verdict)
                done = settlement.verdict is Verdict.COMPLETED
                ended = "committed" if done else "rolled back TimeLimitExceeded"
                assert ["hook entered", "opened", ended, "hook left"] == TOLD, settlement.error
    assert set(verdicts) == {Verdict.COMPLETED, Verdict.RETRY}


@KINDS
def test_a_limit_that_passes_while_something_is_opened_meets_the_handler(job_type: str, *, tasks: bool) -> None:
    app = plain_app(0.01) if job_type == "plain" else async_app(0.01)
    with dispatching(app, tasks=tasks) as here:
        here.interrupter.install()
        with storm():
            settlement = here.run(here.claimed(job_type, {"secs": 10}), monotonic_ns())
    assert settlement.verdict is Verdict.RETRY
    assert TOLD == ["hook entered", "opened", "rolled back TimeLimitExceeded", "hook left"]


def test_one_that_passes_while_it_is_closed_meets_nobody() -> None:
    app = PoolJobs()

    def session() -> Iterator[Session]:
        yield Session()
        os.kill(os.getpid(), INTERRUPT)
        busy(0.002)
        TOLD.append("committed")

    app.provide(Session, session, scope="run")

    @app.job(time_limit=LIMIT)
    def plain(session: State[Session]) -> None:
        busy(0.002)

    with dispatching(app) as here:
        here.interrupter.install()
        assert here.run(here.claimed("plain"), monotonic_ns()).verdict is Verdict.COMPLETED
    assert TOLD == ["committed"]


@pytest.mark.parametrize("tasks", [False, True])
def test_what_surrounds_an_async_handler_is_told_the_interrupt_and_may_await_then(*, tasks: bool) -> None:
    app = PoolJobs()
    here: Dispatching

    async def session() -> AsyncIterator[Session]:
        try:
            yield Session()
        except JobCancelled:
            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(0.001))
                await asyncio.sleep(0)
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            TOLD.append("rolled back")
            raise

    app.provide(Session, session, scope="run")

    @app.job
    async def awaits(session: State[Session]) -> None:
        assert here.slot.ask_cancel(0, here.token)
        os.kill(os.getpid(), INTERRUPT)
        await asyncio.sleep(10)

    with dispatching(app, tasks=tasks) as here:
        here.interrupter.install()
        assert here.run(here.claimed("awaits"), monotonic_ns()).verdict is Verdict.CANCELLED
    assert TOLD == ["rolled back"]


@pytest.mark.parametrize("tasks", [False, True])
def test_an_async_handler_that_has_just_ended_is_not_cancelled_while_something_is_closed(*, tasks: bool) -> None:
    app = PoolJobs()

    async def session() -> AsyncIterator[Session]:
        yield Session()
        await asyncio.sleep(0.001)
        TOLD.append("committed")

    app.provide(Session, session, scope="run")

    @app.job(time_limit=LIMIT)
    async def awaits(session: State[Session]) -> None:
        time.sleep(0.002)  # noqa: ASYNC251  # the loop is to be busy when the signal comes
        os.kill(os.getpid(), INTERRUPT)
        time.sleep(0.1)  # noqa: ASYNC251

    with dispatching(app, tasks=tasks) as here:
        here.interrupter.install()
        job = here.claimed("awaits")
        assert here.run(job, monotonic_ns()).verdict is Verdict.COMPLETED
        assert job.interrupt is not None, "it was on its way"
    assert TOLD == ["committed"]


def test_a_limit_is_an_error_like_any_other_to_a_plain_one() -> None:
    app = PoolJobs()

    @app.around
    def hook() -> Iterator[None]:
        try:
            yield
        except TimeLimitExceeded:
            TOLD.append("in time")

    @app.job(time_limit=LIMIT)
    def plain() -> None:
        time.sleep(0.002)
        os.kill(os.getpid(), INTERRUPT)
        time.sleep(10)

    with dispatching(app) as here:
        here.interrupter.install()
        assert here.run(here.claimed("plain"), monotonic_ns()).verdict is Verdict.COMPLETED
    assert TOLD == ["in time"]


@KINDS
def test_a_child_that_comes_back_out_of_a_handler_closes_nothing(job_type: str, *, tasks: bool) -> None:
    """Its parent still uses what was opened: a connection would be told good-bye."""
    app = PoolJobs()
    read, write = os.pipe()
    parent = os.getpid()

    def session() -> Iterator[Session]:
        yield Session()
        os.write(write, f"{os.getpid()}\n".encode())

    app.provide(Session, session, scope="run")

    def forks() -> None:
        if (child := os.fork()) != 0:
            os.waitpid(child, 0)

    @app.job
    def plain(session: State[Session]) -> None:
        forks()

    @app.job
    async def awaits(session: State[Session]) -> None:
        forks()

    with dispatching(app, tasks=tasks) as here:
        verdict = here.run(here.claimed(job_type), monotonic_ns()).verdict
        if os.getpid() != parent:
            os._exit(1)
        assert verdict is Verdict.COMPLETED
    os.close(write)
    with os.fdopen(read) as closed:
        assert closed.read().split() == [str(parent)]
