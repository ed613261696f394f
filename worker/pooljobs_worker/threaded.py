"""Runs several jobs at the same time, each handler in a thread of a pool: the crew for a concurrency above one.

Async handlers run together on one event loop in a thread of its own; their pool thread waits for them.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from pooljobs.scoreboard import Activity, EntryState, Wanted
from pooljobs.scoreboard.wake import OWN
from pooljobs.verdict import Verdict
from pooljobs_worker.claimed import ClaimedJob
from pooljobs_worker.dispatch import Dispatcher
from pooljobs_worker.parts import Parts


class BackgroundLoop:
    """An event loop in a daemon thread. ``run`` may be called from many threads at once."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pooljobs-asyncio", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, object]) -> object:
        """Runs a coroutine to its end, in the calling thread's context; returns or raises what it does."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


class ThreadedCrew:
    """Takes a batch, returns at once, and wakes the loop whenever a job has ended."""

    def __init__(self, parts: Parts, dispatcher: Dispatcher) -> None:
        self._slot = parts.child.slot
        self._dispatcher = dispatcher
        self._held = parts.held
        self._settler = parts.settler
        self._flusher = parts.flusher
        self._lease = parts.lease
        self._settings = parts.settings.worker
        self._pool = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="pooljobs-job")
        self._outstanding = 0
        self._changed = threading.Condition()
        self._pid = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    @property
    def room(self) -> int:
        """A batch while a thread is free, else none."""
        if self._outstanding >= self._settings.concurrency:
            return 0
        return min(self._settings.batch_size, self._held.room)

    def run(self, jobs: list[ClaimedJob]) -> None:
        """Hands the batch to the threads."""
        self._held.take(jobs)
        self._slot.activity = Activity.RUNNING
        with self._changed:
            self._outstanding += len(jobs)
        self._flusher.busy(working=True)
        for job in jobs:
            self._pool.submit(self._run_one, job)

    def finish(self) -> None:
        """Waits until every job that was taken has ended, then settles them."""
        with self._changed:
            self._changed.wait_for(lambda: self._outstanding == 0)
        self._flusher.busy(working=False)
        self._settler.flush()

    def _run_one(self, job: ClaimedJob) -> None:
        started_ns = time.monotonic_ns()
        if self._slot.wanted is Wanted.RELEASE or self._lease.expired(started_ns):
            settlement = job.settled(Verdict.RELEASED)
        else:
            self._slot.start(job.entry, started_ns)
            settlement = self._dispatcher.dispatch(job, started_ns)
            if os.getpid() != self._pid:
                os._exit(0)  # the handler forked, and its child came back out of it: it is none of ours
            done = settlement.verdict is Verdict.COMPLETED
            self._slot.mark(job.entry, EntryState.DONE if done else EntryState.FAILED)
        self._settler.add(settlement, job.entry)
        self._ended()

    def _ended(self) -> None:
        with self._changed:
            self._outstanding -= 1
            idle = self._outstanding == 0
            self._changed.notify_all()
        if idle or self._outstanding < self._settings.concurrency:
            self._slot.wake(OWN)
