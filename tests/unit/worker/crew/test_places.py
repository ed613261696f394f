"""The books of a crew of several: never more than the concurrency, a suspect alone, and everybody in the end."""

from __future__ import annotations

import threading
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from pooljobs_worker.claims.claimed import ClaimedJob
from pooljobs_worker.crew.places import Places

_fences = count(1)


def job(*, suspect: bool = False) -> ClaimedJob:
    return ClaimedJob(b"", next(_fences), 1, "noop", None, 0, 3, "default", 0, None, suspect=suspect)


def test_as_many_begin_as_there_are_places_and_the_others_follow_in_order() -> None:
    places, jobs = Places(2), [job() for _ in range(4)]
    places.take(jobs, 0)
    assert [places.next(), places.next(), places.next()] == [jobs[0], jobs[1], None]
    assert not places.vacant
    assert places.leave(jobs[1]) is jobs[2]
    assert places.leave(jobs[0]) is jobs[3]
    assert (places.leave(jobs[2]), places.leave(jobs[3])) == (None, None)
    assert (places.outstanding, places.ended) == (0, 4)


def test_a_suspect_begins_where_the_last_of_the_others_ends() -> None:
    places, suspect, first, second = Places(3), job(suspect=True), job(), job()
    places.take([suspect, first, second], 0)
    assert places.closed
    assert [places.next(), places.next(), places.next()] == [first, second, None]
    assert places.leave(first) is None
    assert places.leave(second) is suspect
    assert places.closed
    assert places.leave(suspect) is None
    assert not places.closed


def test_a_suspect_may_begin_when_those_before_it_were_given_back() -> None:
    places, suspect, waiting = Places(1), job(suspect=True), job()
    places.take([suspect, waiting], 0)
    places.given_back(places.backlog.empty())
    assert places.vacant
    assert places.next() is suspect


def test_suspects_are_outstanding_until_their_settlements_are_on_their_way() -> None:
    places, other, suspect = Places(2), job(), job(suspect=True)
    places.take([other, suspect], 0)
    places.next()
    back, _ = places.suspects_to_give_back(at_once=True)
    assert list(back) == [suspect]
    assert (places.outstanding, places.closed) == (2, False)
    places.suspects_left(1)
    places.leave(other)
    assert places.outstanding == 0


def test_who_waits_for_the_end_sees_it() -> None:
    places, only = Places(1), job()
    places.take([only], 0)
    waiter = threading.Thread(target=places.wait_until_empty)
    waiter.start()
    places.next()
    places.leave(only)
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
    places, running, ended = Places(concurrency), list[ClaimedJob](), list[int]()
    taken, waiting = 0, list(batches)
    while waiting or places.outstanding:
        while (begun := places.next()) is not None:
            running.append(begun)
        assert len(running) <= concurrency
        assert len(running) == 1 or not any(one.suspect for one in running)
        step = data.draw(st.sampled_from(["take", "end", "give back", "suspects"]))
        if step == "take" and waiting and not places.closed:
            jobs = [job(suspect=suspect) for suspect in waiting.pop()]
            taken += len(jobs)
            places.take(jobs, 0)
        elif step == "give back":
            back = places.backlog.empty()
            ended += [one.fence for one in back]
            places.given_back(back)
        elif step == "suspects":
            suspects, _ = places.suspects_to_give_back(at_once=True)
            ended += [one.fence for one in suspects]
            places.suspects_left(len(suspects))
        elif running:
            gone = running.pop(data.draw(st.integers(0, len(running) - 1)))
            ended.append(gone.fence)
            if (successor := places.leave(gone)) is not None:
                running.append(successor)
    assert len(ended) == len(set(ended)) == taken
