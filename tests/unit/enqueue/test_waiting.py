"""Who waits for what in a process, and when it is looked at."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from pooljobs.db.store.find_jobs import MOST_AT_ONCE, stretches
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.enqueue.look_times import DEAF, HEARING, LookTimes
from pooljobs.enqueue.wait_book import WaitBook
from pooljobs.enqueue.wait_session import parsed
from pooljobs.enqueue.waits import Waits
from pooljobs.job.handle import JobHandle
from pooljobs.job.job_status import FoundJob
from pooljobs.process.per_process import PerProcess

ONE, TWO = uuid4(), uuid4()


def found(job_id: UUID) -> FoundJob:
    return FoundJob(job_id, "a", "completed", 1, None, None, "1", None)


def test_looks_are_soon_at_first_and_then_now_and_then() -> None:
    times, now, pauses = LookTimes(), 100.0, []
    times.add([ONE], now)
    for _ in range(6):
        at = times.next()
        assert at is not None
        assert times.take_due(at - 2) == []
        pauses.append(round(at - now, 3))
        now = at
        ((step, ids),) = times.take_due(now)
        times.add(ids, now, step + 1)
    assert tuple(pauses) == (*HEARING, HEARING[-1], HEARING[-1])


def test_who_came_later_is_looked_at_along_with_others_in_the_end() -> None:
    times, now, most = LookTimes(), 0.0, 0
    for count in range(50):
        times.add([uuid4()], now=count * 0.1)
    looks = 0
    while now < 60:
        at = times.next()
        assert at is not None
        now = max(now, at)
        due = times.take_due(now)
        looks += now > 30
        most = max(most, sum(len(ids) for _, ids in due))
        for step, ids in due:
            times.add(ids, now, step + 1)
    assert looks <= 6 * 6, "each group has a look of its own still"
    assert most >= 10


def test_a_new_connection_begins_anew() -> None:
    times = LookTimes()
    times.add([ONE], 0.0, step=3)
    times.begin_anew([ONE, TWO], 1.0, hearing=False)
    assert times.next() == 1.0 + DEAF[0]
    assert times.take_due(2.0) == [(0, [ONE, TWO])]
    assert times.next() is None


def test_each_wait_has_a_future_and_each_job_is_asked_for_once() -> None:
    book = WaitBook()
    first, other = book.add([ONE, TWO])
    (second,) = book.add([ONE])
    assert sorted(book.take_fresh()) == sorted([ONE, TWO])
    assert book.take_fresh() == []
    book.forget([ONE], [first])
    assert book.take_left() == []
    book.fulfil(ONE, found(ONE))
    book.fulfil(ONE, None)
    assert second.result(0) == found(ONE)
    assert not first.done()
    assert (book.take_left(), book.waited()) == ([ONE], [TWO])
    other.cancel()
    book.abandon(ValueError("closed"))
    assert book.waited() == []


def test_what_came_and_went_at_once_is_not_asked_for() -> None:
    book = WaitBook()
    futures = book.add([ONE])
    book.forget([ONE], futures)
    book.add([TWO])
    assert book.take_fresh() == [TWO]


class Ends:
    """In the place of a hub: all that is asked for has ended."""

    def __init__(self) -> None:
        self.given: list[weakref.ref[Future[FoundJob | None]]] = []

    def add(self, ids: Sequence[UUID]) -> list[Future[FoundJob | None]]:
        futures: list[Future[FoundJob | None]] = []
        for job_id in ids:
            futures.append(Future())
            futures[-1].set_result(found(job_id))
        self.given += map(weakref.ref, futures)
        return futures

    def forget(self, ids: Sequence[UUID], futures: Sequence[Future[FoundJob | None]]) -> None:
        assert len(ids) == len(futures)

    def close(self) -> None: ...


def test_what_was_taken_is_not_kept_until_the_last_has_ended() -> None:
    hub, told = Ends(), list[int]()
    waits = Waits(hub, [JobHandle(uuid4(), "a", "default") for _ in range(3)], declared={}, tell=told.append)
    assert [waits.take(place)[1].value for place in told[:2]] == [1, 1]
    assert [future() is None for future in hub.given] == [True, True, False]
    assert waits.any
    waits.close()


def test_how_many_are_left_costs_each_that_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With tens of thousands of jobs, a list of those that are left for each of them took most of the time."""
    listed: list[Waits] = []

    def left(waits: Waits) -> list[JobHandle]:
        listed.append(waits)
        return []

    monkeypatch.setattr(Waits, "left", property(left))
    outlet = LazyProducer("host=/nowhere", "pooljobs", pool_size=1)
    outlet._hub = PerProcess(Ends)
    handles: list[JobHandle] = [JobHandle(uuid4(), "a", "default") for _ in range(100)]
    assert len(list(outlet.results.as_they_end(handles, 60.0))) == 100
    assert len(listed) < 10


def test_ids_are_looked_for_in_stretches_that_lie_together() -> None:
    def at(millis: int) -> UUID:
        return UUID(int=millis << 80 | 7 << 76 | 1 << 63)

    near = [at(1_000_000 + place) for place in range(MOST_AT_ONCE + 1)]
    far = [at(9_000_000 + 3000 * place) for place in range(3)]
    assert list(stretches([*far, *reversed(near), far[0]])) == [near[:-1], near[-1:], far[:2], far[2:]]
    assert list(stretches([])) == []


def test_what_is_told_is_read_and_nonsense_is_not() -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    micros = int(when.timestamp()) * 1_000_000 + 678901
    assert parsed(f"{micros}:{ONE.hex}{TWO.hex}") == (when, [ONE, TWO])
    for nonsense in ("", "x", "1:abc", f"{10**30}:{ONE.hex}", f"{micros}:{ONE.hex}z"):
        with pytest.raises((ValueError, OverflowError)):
            parsed(nonsense)
