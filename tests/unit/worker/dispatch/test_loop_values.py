"""State that lives in the event loop: made there once, in a task of its own, and closed there before the loop ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from pooljobs import PoolJobs, State
from pooljobs.job.verdict import Verdict
from tests.unit.worker.dispatching import Dispatching, dispatching

TOLD: list[str] = []


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    TOLD.clear()


class Client:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed = False

    def call(self) -> None:
        assert self.loop is asyncio.get_running_loop()
        assert not self.closed
        TOLD.append("called")

    async def aclose(self) -> None:
        assert self.loop is asyncio.get_running_loop()
        self.closed = True
        TOLD.append("closed")


class Config: ...


class Gateway:
    def __init__(self, client: State[Client], config: State[Config]) -> None:
        self.client, self.config = client, config


def an_app() -> PoolJobs:
    app = PoolJobs()

    @app.job
    async def calls(client: State[Client]) -> None:
        await asyncio.sleep(0)
        client.call()

    @app.job
    async def calls_by_gateway(gateway: State[Gateway], client: State[Client]) -> None:
        assert gateway.client is client
        gateway.client.call()

    return app


def close(here: Dispatching, seconds: float = 10) -> None:
    """What the worker does at its end."""
    assert here.dispatcher.loop_values.any
    here.loop.run(here.dispatcher.loop_values.close(seconds))
    assert not here.dispatcher.loop_values.any


async def generated() -> AsyncIterator[Client]:
    TOLD.append("made")
    async with asyncio.TaskGroup():  # to be left in the task that entered it
        client = Client()
        yield client
        await client.aclose()


async def returned() -> Client:
    await asyncio.sleep(0)
    TOLD.append("made")
    return Client()


def plain() -> Client:
    TOLD.append("made")
    return Client()


TASKS = pytest.mark.parametrize("tasks", [False, True])


@TASKS
@pytest.mark.parametrize("factory", [generated, returned, plain])
def test_it_is_made_once_and_closed_in_the_loop_that_uses_it(factory: Any, *, tasks: bool) -> None:
    app = an_app()
    app.provide(Client, factory)
    with dispatching(app, tasks=tasks) as here:
        for _ in range(3):
            assert here.run(here.claimed("calls"), 1).verdict is Verdict.COMPLETED
        close(here)
    assert TOLD == ["made", "called", "called", "called", "closed"]


@TASKS
def test_what_needs_it_lives_there_too_and_is_closed_before_it(*, tasks: bool) -> None:
    app = an_app()

    def gateway(client: State[Client], config: State[Config]) -> Iterator[Gateway]:
        yield Gateway(client, config)
        assert not client.closed
        TOLD.append("gateway closed")

    def config() -> Iterator[Config]:
        TOLD.append("config")
        yield Config()
        TOLD.append("config closed")

    app.provide(Client, generated)
    app.provide(Gateway, gateway)
    app.provide(Config, config)
    with dispatching(app, tasks=tasks) as here:
        job = here.claimed("calls_by_gateway")
        assert not here.dispatcher.is_task(job), "what is plain may take long, and is made in a thread"
        assert here.run(job, 1).verdict is Verdict.COMPLETED
        assert here.dispatcher.is_task(job)
        close(here)
        app.close()
    assert TOLD == ["config", "made", "called", "gateway closed", "closed", "config closed"]


@TASKS
def test_a_provider_that_fails_fails_the_run_and_is_asked_again(*, tasks: bool) -> None:
    app = an_app()
    tries: list[BaseException] = [SystemExit("not yet"), StopAsyncIteration(), ConnectionError("nor now")]

    async def client() -> Client:
        if tries:
            raise tries.pop()
        return Client()

    app.provide(Client, client)
    with dispatching(app, tasks=tasks) as here:
        verdicts = [here.run(here.claimed("calls"), 1) for _ in range(4)]
        close(here)
    assert [each.verdict for each in verdicts] == [Verdict.RETRY] * 3 + [Verdict.COMPLETED]
    assert [(each.error or "").partition("\n")[0] for each in verdicts[:3]] == [
        "ConnectionError: nor now",
        "RuntimeError: async generator raised StopAsyncIteration",
        "SystemExit: not yet",
    ]


def test_runs_that_ask_at_the_same_time_have_one_and_it_is_no_run_of_theirs() -> None:
    app = PoolJobs()
    tenant: ContextVar[str] = ContextVar("tenant")

    async def client() -> AsyncIterator[Client]:
        token = tenant.set("nobody")
        await asyncio.sleep(0.001)
        yield Client()
        tenant.reset(token)
        TOLD.append("reset")

    app.provide(Client, client)
    with dispatching(app, tasks=True) as here:

        async def ask_all() -> None:
            values = here.dispatcher.loop_values
            first = asyncio.create_task(values.get(Client))
            others = [asyncio.create_task(values.get(Client)) for _ in range(5)]
            await asyncio.sleep(0)
            first.cancel()  # its run is over: the others still want it
            assert len(set(await asyncio.gather(*others))) == 1
            assert first.cancelled()

        here.loop.run(ask_all())
        close(here)
    assert TOLD == ["reset"]


@TASKS
def test_a_handler_that_cancels_all_tasks_closes_nothing(*, tasks: bool) -> None:
    app = an_app()

    @app.job
    async def cancels_everybody() -> None:
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)

    app.provide(Client, generated)
    with dispatching(app, tasks=tasks) as here:
        for job_type in ("calls", "cancels_everybody", "calls"):
            here.run(here.claimed(job_type), 1)
        assert TOLD == ["made", "called", "called"]
        close(here)
    assert TOLD[-1] == "closed"


def test_when_a_handler_has_closed_the_loop_it_is_made_anew_in_the_next() -> None:
    app = an_app()

    app.provide(Client, returned)
    with dispatching(app) as here:
        here.run(here.claimed("calls"), 1)
        here.loop._loop.close()  # as a handler may
        assert here.run(here.claimed("calls"), 1).verdict is Verdict.COMPLETED
        close(here)
    assert TOLD == ["made", "called", "made", "called", "closed"]


def test_a_closing_that_takes_too_long_or_fails_is_told_and_the_others_are_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = PoolJobs()

    async def never_ends() -> AsyncIterator[str]:
        yield "text"
        await asyncio.sleep(100)

    async def fails() -> AsyncIterator[int]:
        yield 5
        raise ConnectionError("good-bye")

    app.provide(Client, returned)
    app.provide(str, never_ends)
    app.provide(int, fails)

    @app.job
    async def asks(client: State[Client], text: State[str], number: State[int]) -> None: ...

    with dispatching(app, tasks=True) as here, caplog.at_level(logging.WARNING):
        assert here.run(here.claimed("asks"), 1).verdict is Verdict.COMPLETED
        close(here, seconds=0.01)
    assert TOLD == ["made", "closed"]
    assert "app.provide(str, never_ends): closing it takes more than 0.01 s, and is given up" in caplog.text
    assert "app.provide(int, fails) failed as it was closed" in caplog.text
    assert "good-bye" in caplog.text
