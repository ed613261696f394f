"""Hooks around runs: both kinds of handlers, in order, with what is raised in either direction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from pooljobs import Discard, JobContext, PoolJobs
from pooljobs.application.readiness import check_ready
from pooljobs.errors import DeclarationError
from pooljobs.job.verdict import Settlement, Verdict
from tests.unit.worker.dispatching import dispatching

TOLD: list[str] = []


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    TOLD.clear()


def an_app(*, asynchronous: bool = False) -> PoolJobs:
    """With a handler of each kind, or async ones alone."""
    app = PoolJobs()

    @app.job
    async def awaits(ctx: JobContext, fails: bool = False) -> None:
        await asyncio.sleep(0)
        TOLD.append(f"run {ctx.attempt}")
        if fails:
            raise ValueError("no")

    if not asynchronous:

        @app.job
        def plain(fails: bool = False) -> None:
            TOLD.append("run 1")
            if fails:
                raise ValueError("no")

        @app.job
        def hides_a_coroutine() -> object:
            return awaits(JobContext(UUID(int=1), "awaits", "default", 1, 3))

    return app


def run(app: PoolJobs, job_type: str, *, fails: bool = False, tasks: bool = False) -> Settlement:
    with dispatching(app, tasks=tasks) as here:
        job = here.claimed(job_type, {"fails": True} if fails else None)
        return here.run(job, 1)


KINDS = pytest.mark.parametrize(
    ("job_type", "tasks"), [("plain", False), ("awaits", False), ("awaits", True), ("hides_a_coroutine", False)]
)


@KINDS
def test_plain_hooks_surround_handlers_of_any_kind_the_first_one_outermost(job_type: str, *, tasks: bool) -> None:
    app = an_app()

    @app.around
    def outer(job: JobContext) -> Iterator[None]:
        TOLD.append(f"outer {job.job_type}")
        yield
        TOLD.append("outer left")

    @app.around
    def inner() -> Iterator[None]:
        TOLD.append("inner")
        yield
        TOLD.append("inner left")

    assert run(app, job_type, tasks=tasks).verdict is Verdict.COMPLETED
    assert [f"outer {job_type}", "inner", "run 1", "inner left", "outer left"] == TOLD


@pytest.mark.parametrize("tasks", [False, True])
def test_async_hooks_surround_async_handlers_beside_plain_ones(*, tasks: bool) -> None:
    app = an_app(asynchronous=True)

    @app.around
    async def outer(job: JobContext) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        TOLD.append(f"outer {job.attempt}")
        yield
        await asyncio.sleep(0)
        TOLD.append("outer left")

    @app.around
    def inner() -> Iterator[None]:
        TOLD.append("inner")
        yield
        TOLD.append("inner left")

    assert run(app, "awaits", tasks=tasks).verdict is Verdict.COMPLETED
    assert TOLD == ["outer 1", "inner", "run 1", "inner left", "outer left"]


@pytest.mark.parametrize("job_type", ["plain", "awaits"])
def test_what_a_handler_raises_is_raised_at_the_yield_and_told_with_the_handlers_frames(job_type: str) -> None:
    app = an_app()

    @app.around
    def sees() -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            TOLD.append(f"seen {error}")
            raise

    found = run(app, job_type, fails=True)
    assert found.verdict is Verdict.RETRY
    assert TOLD == ["run 1", "seen no"]
    text = found.error or ""
    assert text.startswith("ValueError: no")
    assert f"in {job_type}" in text
    assert "pooljobs_worker" not in text
    assert "contextlib.py" not in text


@pytest.mark.parametrize("job_type", ["plain", "awaits"])
def test_a_hook_may_decide_about_the_job_instead(job_type: str) -> None:
    app = an_app()

    @app.around
    def skips() -> Iterator[None]:
        if TOLD == []:
            raise Discard("not for this tenant")
        yield

    assert run(app, job_type).verdict is Verdict.CANCELLED
    assert TOLD == []


@pytest.mark.parametrize("job_type", ["plain", "awaits"])
def test_a_hook_that_swallows_makes_the_run_a_success_and_one_that_fails_afterwards_a_failure(job_type: str) -> None:
    app = an_app()

    @app.around
    def swallows() -> Iterator[None]:
        try:
            yield
        except ValueError:
            TOLD.append("swallowed")

    assert run(app, job_type, fails=True).verdict is Verdict.COMPLETED

    @app.around
    def fails_afterwards() -> Iterator[None]:
        yield
        raise KeyError("commit")

    other = an_app()
    other.around(fails_afterwards)
    assert run(other, job_type).verdict is Verdict.RETRY


@pytest.mark.parametrize("job_type", ["plain", "awaits"])
def test_outer_hooks_are_left_when_an_inner_one_fails_to_enter(job_type: str) -> None:
    app = an_app()

    @app.around
    def outer() -> Iterator[None]:
        try:
            yield
        finally:
            TOLD.append("outer left")

    @app.around
    def inner() -> Iterator[None]:
        if TOLD == []:
            raise ConnectionError("no tenant")
        yield

    assert run(app, job_type).verdict is Verdict.RETRY
    assert TOLD == ["outer left"]


def test_an_async_hook_in_an_application_with_plain_handlers_stops_the_start() -> None:
    app = an_app()

    @app.around
    async def transaction() -> AsyncIterator[None]:
        yield

    with pytest.raises(DeclarationError, match="transaction is asynchronous, and cannot surround plain"):
        check_ready(app)


def test_without_hooks_a_handler_is_called_itself() -> None:
    app = an_app()
    with dispatching(app) as here:
        here.run(here.claimed("plain"), 1)
        assert here.dispatcher._handlers["plain"].function is app.registry["plain"].function
        assert here.dispatcher._handlers["plain"].inject is None


@pytest.mark.parametrize(
    ("job_type", "attempts", "told"), [("plain", 0, "plain 1 no False"), ("awaits", 2, "awaits 3 no True")]
)
def test_failures_are_told_with_whether_they_are_final(job_type: str, attempts: int, told: str) -> None:
    app = an_app()

    @app.on_failure
    def tell(job: JobContext, error: BaseException, final: bool) -> None:
        TOLD.append(f"{job.job_type} {job.attempt} {error} {final}")
        raise RuntimeError("a hook decides nothing")

    with dispatching(app) as here:
        job = here.claimed(job_type, {"fails": True})
        job.attempts = attempts
        assert here.run(job, 1).verdict in (Verdict.RETRY, Verdict.FAILED)
    assert TOLD[-1] == told


@KINDS
def test_an_awaited_hook_stands_in_the_place_of_the_plain_one_around_async_handlers(
    job_type: str, *, tasks: bool
) -> None:
    app = an_app()

    def plainly() -> Iterator[None]:
        TOLD.append("plainly")
        yield

    async def awaited() -> AsyncIterator[None]:
        await asyncio.sleep(0)
        TOLD.append("awaited")
        yield
        await asyncio.sleep(0)
        TOLD.append("awaited left")

    app.around(plainly, awaited=awaited)
    check_ready(app)
    assert run(app, job_type, tasks=tasks).verdict is Verdict.COMPLETED
    expected = ["awaited", "run 1", "awaited left"] if job_type == "awaits" else ["plainly", "run 1"]
    assert expected == TOLD


def test_an_awaited_hook_takes_what_the_plain_one_takes() -> None:
    def plainly() -> Iterator[None]:
        yield

    async def awaited(job: JobContext) -> AsyncIterator[None]:
        yield

    with pytest.raises(DeclarationError, match="must take the same"):
        PoolJobs().around(plainly, awaited=awaited)
