"""Tasks that share statements: each has its own outcome, and none waits for ever."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Sequence
from itertools import chain
from uuid import UUID

import pytest

from pooljobs.db.store.group_commit import MOST_JOBS
from pooljobs.enqueue.async_group_commit import MOST_UNDER_WAY, AsyncGroupCommits
from pooljobs.job.new_job import NewJob
from tests.support.waiting import wait_until

FOR_EVER = time.monotonic() + 3600


class RefusedError(Exception):
    pass


class Shop:
    """Stores what it is told to, as soon as it is open; remembers what went together."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.batches: list[list[bytes]] = []
        self.failure: Exception | None = None
        self.gatherings = AsyncGroupCommits(self.store)

    def store(self, jobs: Sequence[NewJob], until: float) -> list[UUID | Exception]:
        assert until == FOR_EVER
        self.batches.append([job.payload for job in jobs])
        self.open.wait(60)
        if self.failure is not None:
            raise self.failure
        return [RefusedError() if job.payload.startswith(b"bad") else id_of(job.payload) for job in jobs]

    async def insert(self, payload: bytes) -> UUID:
        return await self.gatherings.insert(NewJob("type", payload), FOR_EVER)

    async def under_way(self) -> None:
        await asyncio.to_thread(wait_until, lambda: len(self.batches) == MOST_UNDER_WAY, what="the first statements")


def id_of(payload: bytes) -> UUID:
    return UUID(bytes=payload[-16:].rjust(16, b"\0"))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_what_comes_while_a_statement_is_under_way_goes_together_in_its_order(shop: Shop) -> None:
    async def main() -> None:
        first = [asyncio.create_task(shop.insert(b"first")) for _ in range(MOST_UNDER_WAY)]
        await shop.under_way()
        others = [asyncio.create_task(shop.insert(b"%d" % number)) for number in range(1000)]
        await asyncio.sleep(0)
        shop.open.set()
        assert await asyncio.gather(*others) == [id_of(b"%d" % number) for number in range(1000)]
        await asyncio.gather(*first)

    asyncio.run(main())
    assert [len(batch) for batch in shop.batches[MOST_UNDER_WAY:]] == [MOST_JOBS, 1000 - MOST_JOBS]
    assert list(chain.from_iterable(shop.batches[MOST_UNDER_WAY:])) == [b"%d" % number for number in range(1000)]


def test_each_has_its_own_error(shop: Shop) -> None:
    async def main() -> list[UUID | BaseException]:
        return await asyncio.gather(*map(shop.insert, (b"1", b"bad", b"3")), return_exceptions=True)

    shop.open.set()
    one, bad, three = asyncio.run(main())
    assert (one, three) == (id_of(b"1"), id_of(b"3"))
    assert isinstance(bad, RefusedError)


def test_who_is_cancelled_while_he_waits_is_not_stored_and_harms_no_other(shop: Shop) -> None:
    async def main() -> None:
        under_way = [asyncio.create_task(shop.insert(b"first")) for _ in range(MOST_UNDER_WAY)]
        await shop.under_way()
        waiting = [asyncio.create_task(shop.insert(b"%d" % number)) for number in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        under_way[0].cancel()
        await asyncio.sleep(0)
        shop.open.set()
        assert list(await asyncio.gather(waiting[0], waiting[2])) == [id_of(b"0"), id_of(b"2")]
        assert waiting[1].cancelled()

    asyncio.run(main())
    assert b"1" not in chain.from_iterable(shop.batches)


@pytest.mark.hazard("One of the callers who share a statement is refused")
def test_who_cancels_every_task_harms_no_later_one(shop: Shop) -> None:
    async def main() -> UUID:
        tasks = [asyncio.create_task(shop.insert(b"%d" % number)) for number in range(10)]
        await shop.under_way()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert sorted(map(id, others)) == sorted(map(id, tasks)), "the statement is no task of the application's"
        for task in others:
            task.cancel()
        shop.open.set()
        return await shop.insert(b"later")

    assert asyncio.run(main()) == id_of(b"later")


def test_an_error_that_nobody_expects_reaches_all_and_the_next_ones_are_stored(shop: Shop) -> None:
    async def main() -> None:
        shop.failure = MemoryError()
        shop.open.set()
        told = await asyncio.gather(*(shop.insert(b"%d" % number) for number in range(5)), return_exceptions=True)
        assert all(isinstance(error, MemoryError) for error in told)
        shop.failure = None
        assert await shop.insert(b"next") == id_of(b"next")

    asyncio.run(main())


def test_where_the_loop_has_no_threads_any_more_nobody_waits_for_ever(shop: Shop) -> None:
    async def main() -> None:
        shop.open.set()
        await shop.insert(b"1")
        await asyncio.get_running_loop().shutdown_default_executor()
        for _ in range(MOST_UNDER_WAY + 1):
            with pytest.raises(RuntimeError):
                await shop.insert(b"2")

    asyncio.run(main())


def test_every_loop_has_its_own(shop: Shop) -> None:
    shop.open.set()
    assert [asyncio.run(shop.insert(b"%d" % number)) for number in range(3)] == [id_of(b"%d" % n) for n in range(3)]


def test_a_loop_that_has_ended_is_forgotten(shop: Shop) -> None:
    shop.open.set()
    for number in range(3):
        asyncio.run(shop.insert(b"%d" % number))
    gc.collect()
    assert len(shop.gatherings._of) == 0


def test_whoever_waits_when_the_loops_threads_are_gone_is_told(shop: Shop) -> None:
    """More of them than go together: none must be left behind."""

    async def main() -> None:
        first = asyncio.create_task(shop.insert(b"first"))
        await shop.under_way()
        others = [asyncio.create_task(shop.insert(b"%d" % number)) for number in range(2 * MOST_JOBS + 1)]
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        ending = asyncio.create_task(loop.shutdown_default_executor())
        await asyncio.sleep(0)
        shop.open.set()
        assert await first == id_of(b"first")
        told = await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 60)
        assert all(isinstance(error, RuntimeError) for error in told)
        await ending

    asyncio.run(main())
