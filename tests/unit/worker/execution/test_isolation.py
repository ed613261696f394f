"""Who may begin when suspects are among the jobs: a suspect alone, the others as ever, and everybody in the end."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.isolation import ABSENCE, FIRST_PATIENCE, SuspectIsolation

_fences = count(1)


def job(*, suspect: bool = False) -> ClaimedJob:
    return ClaimedJob(b"", next(_fences), 1, "noop", None, 0, 3, "default", 0, None, suspect=suspect)


def test_without_suspects_everything_begins_at_once() -> None:
    isolation, jobs = SuspectIsolation(), [job(), job()]
    assert list(isolation.take(jobs, 0.0)) == jobs
    assert not isolation.closed
    assert list(isolation.ended(jobs[0], 1.0)) == []


def test_the_others_of_a_batch_go_first_and_suspects_follow_one_by_one() -> None:
    isolation = SuspectIsolation()
    first, innocent, second = job(suspect=True), job(), job(suspect=True)
    assert list(isolation.take([first, innocent, second], 0.0)) == [innocent]
    assert isolation.closed
    assert list(isolation.ended(innocent, 0.1)) == [first]
    assert list(isolation.ended(first, 0.2)) == [second]
    assert isolation.closed
    assert list(isolation.ended(second, 0.3)) == []
    assert not isolation.closed


def test_what_comes_while_a_suspect_runs_waits_for_it() -> None:
    isolation, suspect, late = SuspectIsolation(), job(suspect=True), job()
    assert list(isolation.take([suspect], 0.0)) == [suspect]
    assert list(isolation.take([late], 0.1)) == []
    assert list(isolation.ended(suspect, 0.2)) == [late]


def test_a_suspect_whose_neighbours_take_too_long_is_given_back_and_the_patience_doubles() -> None:
    isolation, neighbour, suspect = SuspectIsolation(), job(), job(suspect=True)
    isolation.take([neighbour, suspect], 0.0)
    assert isolation.give_back(FIRST_PATIENCE * 0.9) == ((), 0.0)
    assert isolation.give_back(FIRST_PATIENCE) == ((suspect,), ABSENCE * FIRST_PATIENCE)
    assert not isolation.closed
    isolation.take([suspect], 10.0)
    assert isolation.give_back(10.0 + FIRST_PATIENCE) == ((), 0.0)
    assert isolation.give_back(10.0 + FIRST_PATIENCE * 2) == ((suspect,), ABSENCE * FIRST_PATIENCE * 2)
    isolation.take([suspect], 20.0)
    assert list(isolation.ended(neighbour, 20.1)) == [suspect]
    assert isolation.patience == FIRST_PATIENCE


def test_suspects_behind_a_long_one_are_given_back_and_it_is_not() -> None:
    isolation, long, behind = SuspectIsolation(), job(suspect=True), job(suspect=True)
    isolation.take([long, behind], 0.0)
    assert isolation.give_back(FIRST_PATIENCE) == ((behind,), ABSENCE * FIRST_PATIENCE)
    assert isolation.give_back(100.0) == ((), 0.0)
    assert isolation.closed
    assert list(isolation.ended(long, 101.0)) == []
    assert not isolation.closed


def test_at_once_means_whatever_the_patience() -> None:
    isolation, suspect = SuspectIsolation(), job(suspect=True)
    isolation.take([job(), suspect], 0.0)
    assert isolation.give_back(0.0, at_once=True)[0] == (suspect,)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=60), st.lists(st.booleans(), min_size=1, max_size=60))
def test_whatever_the_order_suspects_run_alone_and_all_jobs_are_seen_to(steps: list[int], kinds: list[bool]) -> None:
    """Steps below 3 bring a batch, even when closed; 3 looks at the clock; the others end a running job."""
    isolation, now, waiting = SuspectIsolation(), 0.0, [job(suspect=kind) for kind in kinds]
    total = len(waiting)
    running: list[ClaimedJob] = []
    seen: list[ClaimedJob] = []

    def begun(started: list[ClaimedJob]) -> None:
        running.extend(started)
        assert len(running) == 1 or not any(one.suspect for one in running)

    for step in steps:
        now += 0.4
        if step < 3 and waiting:
            batch, waiting = waiting[: step + 1], waiting[step + 1 :]
            begun(list(isolation.take(batch, now)))
        elif step == 3:
            back, away = isolation.give_back(now)
            assert all(one.suspect and one not in running for one in back)
            assert (away > 0) == bool(back)
            seen += back
        elif running:
            seen.append(ended := running.pop(step % len(running)))
            begun(list(isolation.ended(ended, now)))
    begun(list(isolation.take(waiting, now)))
    while running:
        seen.append(ended := running.pop())
        begun(list(isolation.ended(ended, now)))
    assert not isolation.closed
    assert len(seen) == total
    assert len({one.fence for one in seen}) == total
    assert isolation.others == 0
