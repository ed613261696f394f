"""The words on the scoreboard are there while a job with limits runs, and never for another."""

from __future__ import annotations

import os
from time import monotonic_ns

import pytest

from pooljobs import PoolJobs, TimeLimit
from pooljobs.job.verdict import Verdict
from tests.unit.worker.dispatching import Dispatching, dispatching

app = PoolJobs()
_seen: list[tuple[int, int]] = []
_here: list[Dispatching] = []


def look() -> None:
    ((job),) = _here[0].slot.running()
    _seen.append((job.soft_ns and job.soft_ns - job.started_ns, job.hard_ns and job.hard_ns - job.started_ns))


@app.job(time_limit=TimeLimit(soft=50, hard=60))
def limited(how: str = "return") -> None:
    look()
    if how == "raise":
        raise SystemExit(3)
    if how == "fork" and not os.fork():
        return


@app.job(time_limit=TimeLimit(hard=70))
async def hard_only() -> None:
    look()


@app.job
def unlimited() -> None:
    look()


@app.job(time_limit=0)
def never_limited() -> None:
    look()


def run(here: Dispatching, job_type: str, **payload: object) -> Verdict:
    _here[:] = [here]
    return here.run(here.claimed(job_type, payload), monotonic_ns()).verdict


SECOND = 10**9


@pytest.mark.parametrize("tasks", [False, True])
@pytest.mark.parametrize("how", ["return", "raise"])
def test_a_deadline_ends_with_its_job_however_that_ends(how: str, *, tasks: bool) -> None:
    _seen.clear()
    with dispatching(app, tasks=tasks) as here:
        assert here.slot.shortest_limit_ns == 50 * SECOND
        run(here, "limited", how=how)
        run(here, "unlimited")
        run(here, "hard_only")
        run(here, "unlimited")
        assert _seen == [(50 * SECOND, 60 * SECOND), (0, 0), (0, 70 * SECOND), (0, 0)]
        assert not any(here.slot.soft.tolist() + here.slot.hard.tolist())


def test_a_child_that_comes_back_out_of_a_handler_leaves_its_parents_deadline_alone() -> None:
    with dispatching(app) as here:
        job = here.claimed("limited")
        here.slot.start(0, 1)
        here.dispatcher._deadlines.begin(job, (2, 3), 1)
        if not (child := os.fork()):
            here.dispatcher._deadlines.end(job)
            os._exit(0)
        os.waitpid(child, 0)
        assert (here.slot.soft[0], here.slot.hard[0]) == (3, 4)
        here.dispatcher._deadlines.end(job)
        assert (here.slot.soft[0], here.slot.hard[0]) == (0, 0)


def test_the_default_is_for_those_that_declare_nothing() -> None:
    _seen.clear()
    with dispatching(app, default_secs=2) as here:
        assert here.slot.shortest_limit_ns == 2 * SECOND
        for job_type in ("unlimited", "never_limited", "limited"):
            run(here, job_type)
        assert _seen == [(2 * SECOND, 7 * SECOND), (0, 0), (50 * SECOND, 60 * SECOND)]


def test_a_worker_without_limits_says_so() -> None:
    bare = PoolJobs()

    @bare.job
    def plain() -> None: ...

    with dispatching(bare) as here:
        assert here.slot.shortest_limit_ns == 0
        assert here.dispatcher._deadlines.by_type == {}
