"""Jobs as tasks of a shared loop: each begins, whatever its neighbours do, in a context of its own."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.coroutines import BackgroundLoop
from pooljobs_worker.execution.job_tasks import JobTasks
from tests.support.waiting import wait_until

EAGER = getattr(asyncio, "eager_task_factory", None)
LEFT = contextvars.ContextVar("LEFT", default="nothing")


def job(entry: int, job_type: str = "plain") -> ClaimedJob:
    return ClaimedJob(uuid4().bytes, 1, 1, job_type, {}, 0, 3, "default", 0, None, entry=entry)


class Crew:
    """Runs jobs that do what their type says, and notes them."""

    def __init__(self, loop: BackgroundLoop) -> None:
        self.loop = loop
        self.tasks = JobTasks(loop, self.run, contextvars.copy_context().copy)
        self.ended: list[tuple[int, str, int]] = []

    async def run(self, job: ClaimedJob) -> None:
        try:
            if job.job_type == "cancels all":
                for task in asyncio.all_tasks():
                    task.cancel()
            seen = LEFT.get()
            LEFT.set(f"by {job.entry}")
            own = asyncio.current_task()
            if job.job_type == "is cancelled later" and own is not None:
                asyncio.get_running_loop().call_soon(own.cancel)
            if job.job_type in ("sleeps", "naps"):
                await asyncio.sleep(60 if job.job_type == "sleeps" else 0.01)
            if job.job_type == "cancels itself" and own is not None:
                own.cancel()
        except asyncio.CancelledError:
            seen = "cancelled"
        finally:
            self.tasks.ended(job)
        self.ended.append((job.entry, seen, threading.get_ident()))
        if job.job_type in ("chains", "is cancelled later"):
            self.tasks.follow(self.after)

    after = job(9)


@pytest.fixture
def executor() -> Iterator[Crew]:
    with BackgroundLoop(logging.getLogger("test")) as loop:
        yield Crew(loop)


def test_they_run_on_one_thread_and_leave_the_table(executor: Crew) -> None:
    executor.tasks.start([job(entry) for entry in range(5)])
    wait_until(lambda: len(executor.ended) == 5 and not executor.tasks.running)
    assert [entry for entry, _, _ in executor.ended] == list(range(5))
    (thread,) = {ident for _, _, ident in executor.ended}
    assert thread != threading.get_ident()


def test_what_one_sets_in_its_context_no_other_sees(executor: Crew) -> None:
    executor.tasks.start([job(0), job(1, "chains")])
    wait_until(lambda: len(executor.ended) == 3)
    assert [seen for _, seen, _ in executor.ended] == ["nothing"] * 3


def test_one_that_was_cancelled_before_its_first_step_begins_all_the_same(executor: Crew) -> None:
    executor.tasks.start([job(0, "cancels all"), job(1), job(2)])
    wait_until(lambda: bool(executor.ended))

    def all_ended() -> bool:
        executor.tasks.look()
        return len(executor.ended) == 3 and not executor.tasks.running

    wait_until(all_ended)
    assert sorted((entry, seen) for entry, seen, _ in executor.ended) == [
        (0, "nothing"),
        (1, "nothing"),
        (2, "nothing"),
    ]


def test_one_under_way_can_be_cancelled_by_its_entry(executor: Crew) -> None:
    executor.tasks.start([job(3, "sleeps")])
    wait_until(lambda: 3 in executor.tasks.running)
    _, task = executor.tasks.running[3]
    wait_until(lambda: task.get_coro().cr_await is not None)  # type: ignore[union-attr]  # it is a coroutine
    task.get_loop().call_soon_threadsafe(task.cancel)
    wait_until(lambda: executor.ended)
    assert executor.ended[0][:2] == (3, "cancelled")


def test_what_cancels_itself_as_it_ends_is_not_begun_again(executor: Crew) -> None:
    executor.tasks.start([job(4, "cancels itself"), job(5)])
    wait_until(lambda: len(executor.ended) == 2)
    executor.tasks.look()
    executor.tasks.start([job(6)])
    wait_until(lambda: len(executor.ended) == 3 and not executor.tasks.running)
    assert sorted(entry for entry, _, _ in executor.ended) == [4, 5, 6]


def test_a_task_that_is_cancelled_after_its_job_is_nobody_elses(executor: Crew) -> None:
    """Each job has a task of its own: what a handler kept of its task means no other job."""
    executor.tasks.start([job(7, "is cancelled later")])
    wait_until(lambda: len(executor.ended) == 2)
    assert [(entry, seen) for entry, seen, _ in executor.ended] == [(7, "nothing"), (9, "nothing")]


def test_a_task_factory_that_fails_holds_no_job_up(executor: Crew, caplog: pytest.LogCaptureFixture) -> None:
    """uvloop 0.23 gives asyncio's eager factory of Python 3.13.0 an argument that it does not take."""

    def factory(*_: Any, **__: Any) -> Any:
        raise TypeError("an unexpected keyword argument")

    executor.loop.call(lambda: asyncio.get_running_loop().set_task_factory(factory))
    executor.tasks.start([job(0), job(1, "naps")])
    wait_until(lambda: len(executor.ended) == 2 and not executor.tasks.running)
    assert caplog.text.count("task factory failed") == 1


@pytest.mark.skipif(EAGER is None, reason="Python 3.12 has them")
def test_a_loop_whose_tasks_are_eager_runs_each_once(executor: Crew) -> None:
    executor.loop.call(lambda: asyncio.get_running_loop().set_task_factory(EAGER))
    executor.tasks.start([job(0), job(1, "cancels itself"), job(2, "naps")])
    wait_until(lambda: len(executor.ended) == 3 and not executor.tasks.running)
    executor.tasks.look()
    executor.tasks.start([job(3)])
    wait_until(lambda: len(executor.ended) == 4)
    assert sorted(entry for entry, _, _ in executor.ended) == [0, 1, 2, 3]
