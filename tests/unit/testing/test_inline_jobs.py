"""Jobs that run where they are enqueued: no database is needed, nor met."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from pooljobs import Cancellation, JobHandle, PoolJobs, RefusedError, ResultNotReadyError, Snooze, UnknownJobError
from pooljobs_testing.inline_jobs import inline

NOWHERE = "host=/nowhere"


class Shop:
    """An application, and what its handlers have seen."""

    def __init__(self) -> None:
        self.app = app = PoolJobs(NOWHERE)
        self.seen: list[Any] = []

        @app.job
        def greet(name: str, id_: UUID | None = None) -> None:
            self.seen.append((name, id_))
            if name == "nobody":
                raise ValueError(name)

        @app.job
        async def greet_async(name: str) -> None:
            await asyncio.sleep(0)
            self.seen.append(name)

        @app.job
        async def greets_two(first: str, second: str) -> None:
            greet.enqueue(name=first)
            greet_async.enqueue(name=second)
            await greet_async.enqueue_async(name="third")

        @app.job
        def later() -> None:
            self.seen.append("later")
            raise Snooze(60)

        self.greet, self.greet_async, self.greets_two, self.later = greet, greet_async, greets_two, later


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_it_runs_at_once_whatever_its_delay(shop: Shop) -> None:
    with inline(shop.app):
        handle = shop.greet.options(delay=3600).enqueue(name="Ada", id_=UUID(int=1))
        assert shop.seen == [("Ada", UUID(int=1))]  # by way of JSON, and back
    assert isinstance(handle, JobHandle)
    assert handle.id.version == 7


def test_a_failure_is_raised_by_the_enqueue(shop: Shop) -> None:
    with inline(shop.app), pytest.raises(ValueError, match="nobody"):
        shop.greet.enqueue(name="nobody")


def test_what_a_handler_enqueues_runs_inside_of_it(shop: Shop) -> None:
    with inline(shop.app):
        shop.greets_two.enqueue("one", "two")
    assert shop.seen == [("one", None), "two", "third"]


def test_many_run_in_order_and_stop_at_the_first_that_fails(shop: Shop) -> None:
    with inline(shop.app), pytest.raises(ValueError, match="nobody"):
        shop.greet.enqueue_many([{"name": "Ada"}, {"name": "nobody"}, {"name": "Bob"}])
    assert [name for name, _ in shop.seen] == ["Ada", "nobody"]
    with inline(shop.app):
        assert len(shop.greet.enqueue_many([{"name": "Ada"}, {"name": "Bob"}])) == 2


def test_one_that_is_put_off_is_not_waited_for(shop: Shop) -> None:
    with inline(shop.app):
        handle = shop.later.enqueue()
        assert shop.app.cancel(handle) is Cancellation.ENDED
    assert shop.seen == ["later"]


@pytest.mark.asyncio
async def test_in_a_loop_too(shop: Shop) -> None:
    with inline(shop.app):
        await shop.greet_async.enqueue_async(name="Ada")
        shop.greet_async.enqueue(name="Bob")
        with pytest.raises(ValueError, match="nobody"):
            await shop.greet.enqueue_async(name="nobody")
    assert shop.seen[:2] == ["Ada", "Bob"]


def test_by_name_and_afterwards_all_is_as_before(shop: Shop) -> None:
    def fails() -> None:
        with inline(shop.app):
            shop.app.enqueue("greet", {"name": "Ada"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert shop.app.dsn == NOWHERE
    with pytest.raises(Exception, match="nowhere"):
        shop.greet.enqueue(name="Ada")
    assert len(shop.seen) == 1


def test_results_are_there_at_once_with_no_database() -> None:
    app = PoolJobs(NOWHERE, results=True)

    @app.job
    async def double(n: int) -> int:
        return 2 * n

    @app.job
    def off() -> int:
        raise Snooze(60)

    async def main(job: JobHandle[Any]) -> int:
        value: int = await job.result_async(timeout=60)
        return value

    with inline(app):
        job, put_off = double.enqueue(n=2), off.enqueue()
        assert (job.result(), job.status().state, asyncio.run(main(job))) == (4, "completed", 4)
        with pytest.raises(ResultNotReadyError):
            put_off.result(timeout=0.01)
        with pytest.raises(UnknownJobError):
            app.handle(UUID(int=1)).result(timeout=60)


class Connected:
    """Looks like a psycopg2 connection from outside."""

    __module__ = "psycopg2"


Connected.__name__ = "connection"


def test_no_job_is_there_to_be_retried(shop: Shop) -> None:
    with inline(shop.app):
        assert shop.app._outlet.for_caller().retry_with(Connected(), UUID(int=1)) is False


@pytest.mark.parametrize(
    "stores",
    [
        lambda app: app.pause_queue("default"),
        lambda app: app.resume_queue("default"),
        lambda app: app.pause_type("greet"),
        lambda app: app.resume_type("greet"),
        lambda app: asyncio.run(app.pause_queue_async("default")),
        lambda app: app.schedule("hourly", "greet", {"name": "Ada"}, every=3600),
        lambda app: app.schedule_with(Connected(), "hourly", "greet", {"name": "Ada"}, every=3600),
        lambda app: app.unschedule("hourly"),
    ],
)
def test_what_would_be_stored_is_refused_and_connects_to_nothing(shop: Shop, stores: Callable[[PoolJobs], Any]) -> None:
    """A pause that returns, and holds nothing up, would let a test pass that should not."""
    with inline(shop.app):
        with pytest.raises(RefusedError, match="jobs run inline here") as told:
            stores(shop.app)
        shop.greet.enqueue(name="Ada")
    assert told.value.hint == "test it outside of inline(), on a database of the test's own"
    assert shop.seen == [("Ada", None)]


def test_a_chain_without_an_end_is_told_as_one(shop: Shop) -> None:
    @shop.app.job(max_attempts=1)
    def again() -> None:
        shop.seen.append("again")
        again.enqueue()

    with inline(shop.app):
        with pytest.raises(AssertionError, match=r"64 jobs run inside of each other .* the next was of again"):
            again.enqueue()
        assert len(shop.seen) == 64
        shop.greet.enqueue(name="Ada")
