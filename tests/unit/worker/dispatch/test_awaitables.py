"""A handler has run when nothing is left to await of what it returned."""

from __future__ import annotations

import asyncio
import functools
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any

import pytest

from pooljobs import PoolJobs
from pooljobs.job.verdict import Settlement, Verdict
from tests.unit.worker.dispatching import dispatching

app = PoolJobs()
ran: list[str] = []


async def body() -> None:
    await asyncio.sleep(0)
    ran.append("ran")


class Compiled(Coroutine[Any, Any, None]):
    """What a coroutine of Cython or mypyc is to us: it has the methods, and is no ``types.CoroutineType``."""

    def __init__(self) -> None:
        self._within = body()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._within.__await__()

    def send(self, value: Any) -> Any:
        return self._within.send(value)

    def throw(self, *error: Any) -> Any:
        return self._within.throw(*error)

    def close(self) -> None:
        self._within.close()


class Lazy:
    """Awaitable, and nothing else."""

    def __await__(self) -> Generator[Any, Any, None]:
        return body().__await__()


@types.coroutine
def old_style() -> Generator[Any, Any, None]:
    yield from body().__await__()


@app.job
def compiled() -> object:
    return Compiled()


@app.job
def awaitable() -> object:
    return Lazy()


@app.job
def generator_based() -> object:
    return old_style()


@app.job
def twice() -> object:
    async def gives_another() -> object:
        return body()

    return gives_another()


@app.job
async def forgets_to_await() -> object:
    return body()


@app.job
async def gathers() -> object:
    return asyncio.gather(body(), body())


@app.job
async def gives_a_task() -> object:
    return asyncio.get_running_loop().create_task(body())


def wrapped(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def wrapper() -> object:
        return function()

    return wrapper


@app.job
@wrapped
def hidden() -> Awaitable[None]:
    return body()


@app.job
def yields_behind_a_decorator() -> object:
    def generator() -> Iterator[None]:
        ran.append("never")
        yield

    return generator()


@app.job
def yields_async_behind_a_decorator() -> object:
    async def generator() -> AsyncIterator[None]:
        ran.append("never")
        yield

    return generator()


@app.job
def gives_a_value() -> object:
    ran.append("ran")
    return [1]


WAYS = pytest.mark.parametrize("how", [{}, {"background": True}, {"tasks": True}], ids=["main", "thread", "task"])


def run(job_type: str, how: dict[str, Any]) -> Settlement:
    ran.clear()
    with dispatching(app, **how) as here:
        return here.run(here.claimed(job_type), 1)


@WAYS
@pytest.mark.parametrize(
    "job_type",
    [
        *("compiled", "awaitable", "generator_based", "twice", "forgets_to_await", "gathers", "gives_a_task", "hidden"),
        "gives_a_value",
    ],
)
def test_what_is_awaitable_runs_to_its_end(job_type: str, how: dict[str, Any]) -> None:
    assert run(job_type, how).verdict is Verdict.COMPLETED
    assert ran == ["ran"] * (2 if job_type == "gathers" else 1)


@WAYS
@pytest.mark.parametrize("job_type", ["yields_behind_a_decorator", "yields_async_behind_a_decorator"])
def test_a_generator_is_no_run(job_type: str, how: dict[str, Any]) -> None:
    settlement = run(job_type, how)
    assert settlement.verdict is Verdict.RETRY
    assert "whose body has not run" in (settlement.error or "")
    assert not ran


@WAYS
def test_a_future_of_another_loop_fails_the_run(how: dict[str, Any]) -> None:
    loop = asyncio.new_event_loop()
    try:
        future = loop.create_future()
        elsewhere = PoolJobs()

        @elsewhere.job
        def foreign() -> object:
            return future

        with dispatching(elsewhere, **how) as here:
            settlement = here.run(here.claimed("foreign"), 1)
        assert settlement.verdict is Verdict.RETRY
        assert "different loop" in (settlement.error or "")
    finally:
        loop.close()
