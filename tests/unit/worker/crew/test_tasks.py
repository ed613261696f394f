"""Jobs as tasks of a shared loop: each begins, whatever its neighbours do, in a context of its own."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest

from pooljobs_worker.claims.claimed import ClaimedJob
from pooljobs_worker.crew.coroutines import BackgroundLoop
from pooljobs_worker.crew.tasks import JobTasks
from tests.support.waiting import wait_until

LEFT = contextvars.ContextVar("LEFT", default="nothing")


def job(entry: int, job_type: str = "plain") -> ClaimedJob:
    return ClaimedJob(uuid4().bytes, 1, 1, job_type, {}, 0, 3, "default", 0, None, entry=entry)


class Crew:
    """Runs jobs that do what their type says, and notes them."""

    def __init__(self, loop: BackgroundLoop) -> None:
        self.tasks = JobTasks(loop, self.run, contextvars.copy_context().copy)
        self.ended: list[tuple[int, str, int]] = []

    async def run(self, job: ClaimedJob) -> None:
        try:
            if job.job_type == "cancels all":
                for task in asyncio.all_tasks():
                    task.cancel()
            seen = LEFT.get()
            LEFT.set(f"by {job.entry}")
            if job.job_type == "sleeps":
                await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen = "cancelled"
        self.ended.append((job.entry, seen, threading.get_ident()))
        if job.job_type == "chains":
            self.tasks.start([self.after])

    after = job(9)


@pytest.fixture
def crew() -> Iterator[Crew]:
    with BackgroundLoop(logging.getLogger("test")) as loop:
        yield Crew(loop)


def test_they_run_on_one_thread_and_leave_the_table(crew: Crew) -> None:
    crew.tasks.start([job(entry) for entry in range(5)])
    wait_until(lambda: len(crew.ended) == 5 and not crew.tasks.running)
    assert [entry for entry, _, _ in crew.ended] == list(range(5))
    (thread,) = {ident for _, _, ident in crew.ended}
    assert thread != threading.get_ident()


def test_what_one_sets_in_its_context_no_other_sees(crew: Crew) -> None:
    crew.tasks.start([job(0), job(1, "chains")])
    wait_until(lambda: len(crew.ended) == 3)
    assert [seen for _, seen, _ in crew.ended] == ["nothing"] * 3


def test_one_that_was_cancelled_before_its_first_step_begins_all_the_same(crew: Crew) -> None:
    crew.tasks.start([job(0, "cancels all"), job(1), job(2)])
    wait_until(lambda: len(crew.ended) == 3 and not crew.tasks.running)
    assert sorted((entry, seen) for entry, seen, _ in crew.ended) == [(0, "nothing"), (1, "nothing"), (2, "nothing")]


def test_one_under_way_can_be_cancelled_by_its_entry(crew: Crew) -> None:
    crew.tasks.start([job(3, "sleeps")])
    wait_until(lambda: 3 in crew.tasks.running)
    task = crew.tasks.running[3]
    wait_until(lambda: task.get_coro().cr_await is not None)  # type: ignore[union-attr]  # it is a coroutine
    task.get_loop().call_soon_threadsafe(task.cancel)
    wait_until(lambda: crew.ended)
    assert crew.ended[0][:2] == (3, "cancelled")
