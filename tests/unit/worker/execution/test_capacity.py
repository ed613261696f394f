"""The books of an executor of several: never more than the concurrency, a suspect alone, and everybody in the end."""

from __future__ import annotations

import threading
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.capacity import Capacity

_fences = count(1)


def job(*, suspect: bool = False) -> ClaimedJob:
    return ClaimedJob(b"", next(_fences), 1, "noop", None, 0, 3, "default", 0, None, suspect=suspect)


def test_as_many_begin_as_there_are_places_and_the_others_follow_in_order() -> None:
    capacity, jobs = Capacity(2), [job() for _ in range(4)]
    capacity.take(jobs, 0)
    assert [capacity.next(), capacity.next(), capacity.next()] == [jobs[0], jobs[1], None]
    assert not capacity.vacant
    assert capacity.leave(jobs[1]) is jobs[2]
    assert capacity.leave(jobs[0]) is jobs[3]
    assert (capacity.leave(jobs[2]), capacity.leave(jobs[3])) == (None, None)
    assert (capacity.outstanding, capacity.ended) == (0, 4)


def test_a_suspect_begins_where_the_last_of_the_others_ends() -> None:
    capacity, suspect, first, second = Capacity(3), job(suspect=True), job(), job()
    capacity.take([suspect, first, second], 0)
    assert capacity.closed
    assert [capacity.next(), capacity.next(), capacity.next()] == [first, second, None]
    assert capacity.leave(first) is None
    assert capacity.leave(second) is suspect
    assert capacity.closed
    assert capacity.leave(suspect) is None
    assert not capacity.closed


def test_a_suspect_may_begin_when_those_before_it_were_given_back() -> None:
    capacity, suspect, waiting = Capacity(1), job(suspect=True), job()
    capacity.take([suspect, waiting], 0)
    capacity.given_back(capacity.backlog.empty())
    assert capacity.vacant
    assert capacity.next() is suspect


def test_suspects_are_outstanding_until_their_settlements_are_on_their_way() -> None:
    capacity, other, suspect = Capacity(2), job(), job(suspect=True)
    capacity.take([other, suspect], 0)
    capacity.next()
    back, _ = capacity.suspects_to_give_back(at_once=True)
    assert list(back) == [suspect]
    assert (capacity.outstanding, capacity.closed) == (2, False)
    capacity.suspects_left(1)
    capacity.leave(other)
    assert capacity.outstanding == 0


def test_who_waits_for_the_end_sees_it() -> None:
    capacity, only = Capacity(1), job()
    capacity.take([only], 0)
    waiter = threading.Thread(target=capacity.wait_until_empty)
    waiter.start()
    capacity.next()
    capacity.leave(only)
    waiter.join(30)
    assert not waiter.is_alive()


@given(
    concurrency=st.integers(1, 4),
    batches=st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=6),
    data=st.data(),
)
def test_whatever_happens_every_job_ends_once_and_no_suspect_meets_another(
    concurrency: int, batches: list[list[bool]], data: st.DataObject
) -> None:
    capacity, running, ended = Capacity(concurrency), list[ClaimedJob](), list[int]()
    taken, waiting = 0, list(batches)
    while waiting or capacity.outstanding:
        while (begun := capacity.next()) is not None:
            running.append(begun)
        assert len(running) <= concurrency
        assert len(running) == 1 or not any(one.suspect for one in running)
        step = data.draw(st.sampled_from(["take", "end", "give back", "suspects"]))
        if step == "take" and waiting and not capacity.closed:
            jobs = [job(suspect=suspect) for suspect in waiting.pop()]
            taken += len(jobs)
            capacity.take(jobs, 0)
        elif step == "give back":
            back = capacity.backlog.empty()
            ended += [one.fence for one in back]
            capacity.given_back(back)
        elif step == "suspects":
            suspects, _ = capacity.suspects_to_give_back(at_once=True)
            ended += [one.fence for one in suspects]
            capacity.suspects_left(len(suspects))
        elif running:
            gone = running.pop(data.draw(st.integers(0, len(running) - 1)))
            ended.append(gone.fence)
            if (successor := capacity.leave(gone)) is not None:
                running.append(successor)
    assert len(ended) == len(set(ended)) == taken
