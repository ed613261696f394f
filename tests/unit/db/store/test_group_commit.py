"""Threads that share statements: who leads, who joins, who is told what, and that the lead is never lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooljobs.db.ids import JobIds
from pooljobs.db.store.group_commit import MOST_BYTES, MOST_JOBS, MOST_LEADING, Call, GroupCommit, ended
from pooljobs.errors import DatabaseUnreachableError
from pooljobs.job.new_job import NewJob
from tests.support.waiting import wait_until

FOR_EVER = time.monotonic() + 3600


class GaveUpError(Exception):
    pass


class RefusedError(Exception):
    pass


class Shop:
    """Stores what it is told to by a gathering, as soon as it is open; remembers what went together."""

    def __init__(self, connections: int = 1) -> None:
        self.open = threading.Event()
        self.batches: list[list[bytes]] = []
        self.failure: BaseException | None = None
        self.gathering = GroupCommit(connections, self.store, GaveUpError)

    def store(self, own: Call, until: float) -> None:
        assert until > 0
        self.batches.append([])
        batch = self.batches[-1]
        self.open.wait(60)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        for call in [own, *self.gathering.take(own)]:
            batch.append(call.job.payload)
            call.end(RefusedError(call.job.payload) if call.job.payload.startswith(b"bad") else id_of(call.job))

    def insert(self, payload: bytes, until: float = FOR_EVER) -> UUID:
        return self.gathering.insert(NewJob("type", payload), until)

    def waiting(self, number: int) -> None:
        wait_until(lambda: len(self.gathering._waiting) == number, what="the others to wait")


def id_of(job: NewJob) -> UUID:
    return UUID(bytes=job.payload[-16:].rjust(16, b"\0"))


def test_those_who_wait_go_together_in_the_order_in_which_they_came() -> None:
    shop = Shop()
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(shop.insert, b"first")
        wait_until(lambda: bool(shop.batches), what="the first to lead")
        others = []
        for number in range(10):
            others.append(threads.submit(shop.insert, b"%d" % number))
            shop.waiting(number + 1)
        shop.open.set()
        assert first.result(60) == id_of(NewJob("type", b"first"))
        assert [other.result(60) for other in others] == [id_of(NewJob("type", b"%d" % n)) for n in range(10)]
    assert shop.batches == [[b"first", *(b"%d" % number for number in range(10))]]


@pytest.mark.parametrize(("connections", "leading"), [(1, 1), (2, 2), (3, MOST_LEADING), (50, MOST_LEADING)])
def test_two_lead_if_there_are_connections_for_both(connections: int, leading: int) -> None:
    shop = Shop(connections)
    with ThreadPoolExecutor(20) as threads:
        for number in range(leading):
            threads.submit(shop.insert, b"%d" % number)
        wait_until(lambda: len(shop.batches) == leading, what="them to lead")
        last = threads.submit(shop.insert, b"last")
        shop.waiting(1)
        shop.open.set()
        last.result(60)


def test_each_has_its_own_error() -> None:
    shop = Shop()
    with ThreadPoolExecutor(20) as threads:
        calls = {payload: threads.submit(shop.insert, payload) for payload in (b"1", b"bad2", b"3", b"bad4")}
        shop.waiting(3)
        shop.open.set()
        errors = {payload: call.exception(60) for payload, call in calls.items()}
    assert {payload for payload, error in errors.items() if error is None} == {b"1", b"3"}
    assert [str(error) for error in errors.values() if error] == [str(b"bad2"), str(b"bad4")]


def test_who_finds_no_connection_has_that_for_himself_and_the_next_one_leads() -> None:
    shop = Shop()
    shop.failure = RefusedError("no connection")
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(shop.insert, b"first")
        wait_until(lambda: bool(shop.batches), what="the first to lead")
        others = [threads.submit(shop.insert, b"%d" % number) for number in range(5)]
        shop.waiting(5)
        shop.open.set()
        assert isinstance(first.exception(60), RefusedError)
        assert len({other.result(60) for other in others}) == 5


def test_who_has_waited_for_too_long_is_not_stored() -> None:
    shop = Shop()
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(shop.insert, b"first")
        wait_until(lambda: bool(shop.batches), what="the first to lead")
        with pytest.raises(GaveUpError):
            shop.insert(b"late", time.monotonic() + 0.01)
        shop.open.set()
        first.result(60)
        shop.insert(b"next")
    assert shop.batches == [[b"first"], [b"next"]]


def test_a_statement_is_bounded_in_jobs_and_in_bytes() -> None:
    def together(own: bytes, *payloads: bytes) -> int:
        gathering = GroupCommit(1, lambda _call, _until: None, GaveUpError)
        gathering._waiting.extend(Call(NewJob("type", payload)) for payload in payloads)
        return 1 + len(gathering.take(Call(NewJob("type", own))))

    assert together(b"", *[b""] * 1000) == MOST_JOBS
    half = bytes(MOST_BYTES // 2)
    assert together(half, half, b"x") == 2
    assert together(b"x", half, half) == 2
    assert together(bytes(MOST_BYTES + 1), b"x") == 1


def interrupted(action: Callable[[], object], when: Callable[[], bool]) -> None:
    """Calls it in this thread, the main one, and interrupts it as Ctrl-C does as soon as the condition holds."""

    def interrupt() -> None:
        wait_until(when, what="the moment of the interrupt")
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            action()
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)


def test_who_is_interrupted_while_he_waits_is_not_stored_and_the_lead_is_not_lost() -> None:
    shop = Shop()
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(shop.insert, b"first")
        wait_until(lambda: bool(shop.batches), what="the first to lead")
        interrupted(lambda: shop.insert(b"interrupted"), lambda: len(shop.gathering._waiting) == 1)
        shop.open.set()
        first.result(60)
        shop.insert(b"next")
    assert shop.batches == [[b"first"], [b"next"]]


@pytest.mark.hazard("One of the callers who share a statement is refused")
def test_who_is_interrupted_while_he_leads_hands_the_lead_on() -> None:
    shop = Shop()
    with ThreadPoolExecutor(20) as threads:
        waiting: list[Future[UUID]] = []

        def somebody_waits() -> bool:
            if shop.batches and not waiting:
                waiting.append(threads.submit(shop.insert, b"other"))
            return len(shop.gathering._waiting) == 1

        interrupted(lambda: shop.insert(b"interrupted"), somebody_waits)
        shop.open.set()
        waiting[0].result(60)


def test_those_whose_leader_was_interrupted_are_told_the_id_that_may_be_there() -> None:
    calls, ids = [Call(NewJob("type", b"1")), Call(NewJob("type", b"2"))], JobIds(uuid4().bytes + uuid4().bytes)
    with pytest.raises(KeyboardInterrupt), ended(calls, ids):
        raise KeyboardInterrupt
    for call, job_id in zip(calls, ids, strict=True):
        assert isinstance(call.outcome, DatabaseUnreachableError)
        assert list(call.outcome.job_ids) == [job_id]


@pytest.mark.hazard("One of the callers who share a statement is refused")
@settings(max_examples=20, deadline=None)
@given(
    most=st.integers(1, 4),
    callers=st.lists(st.lists(st.sampled_from([b"good", b"bad"]), max_size=20), min_size=1, max_size=12),
)
def test_every_caller_gets_what_belongs_to_each_of_his_calls(most: int, callers: list[list[bytes]]) -> None:
    shop = Shop(most)
    shop.open.set()

    def call_all(number: int) -> None:
        for place, kind in enumerate(callers[number]):
            payload = kind + b"%d-%d" % (number, place)
            if kind == b"bad":
                with pytest.raises(RefusedError, match=payload.decode()):
                    shop.insert(payload)
            else:
                assert shop.insert(payload) == id_of(NewJob("type", payload))

    with ThreadPoolExecutor(len(callers)) as threads:
        for done in [threads.submit(call_all, number) for number in range(len(callers))]:
            done.result(60)
    stored = [payload for batch in shop.batches for payload in batch]
    assert len(stored) == len(set(stored)) == sum(map(len, callers))
    for number, caller in enumerate(callers):  # a caller's jobs are stored in the order of his calls
        own = [payload for payload in stored if payload.startswith((b"good%d-" % number, b"bad%d-" % number))]
        assert own == [kind + b"%d-%d" % (number, place) for place, kind in enumerate(caller)]
    assert not shop.gathering._waiting
    assert shop.gathering._leading == 0
