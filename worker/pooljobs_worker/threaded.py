"""Runs several jobs at the same time, each handler in a thread of a pool: the crew for a concurrency above one.

Async handlers run together on one event loop in a thread of its own; their pool thread waits for them.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from pooljobs.scoreboard import Activity, EntryState, Wanted
from pooljobs.scoreboard.wake import OWN
from pooljobs.verdict import Verdict
from pooljobs_worker.claimed import ClaimedJob
from pooljobs_worker.dispatch import Dispatcher
from pooljobs_worker.isolation import Isolation
from pooljobs_worker.parts import Parts
from pooljobs_worker.surroundings import Surroundings


class ThreadedCrew:
    """Takes a batch, returns at once, and wakes the loop whenever a job has ended."""

    def __init__(self, parts: Parts, dispatcher: Dispatcher, surroundings: Surroundings) -> None:
        self._slot = parts.child.slot
        self._dispatcher = dispatcher
        self._surroundings = surroundings
        self._held = parts.held
        self._settler = parts.settler
        self._flusher = parts.flusher
        self._lease = parts.lease
        self._settings = parts.settings.worker
        self._announcer = parts.announcer
        self._peak = parts.peak
        self._isolation = Isolation()
        parts.flusher.also(self._give_back)
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
        """A batch while a thread is free and no suspect is to be alone, else none."""
        if self._outstanding >= self._settings.concurrency or self._isolation.closed:
            return 0
        return min(self._settings.batch_size, self._held.room)

    def run(self, jobs: list[ClaimedJob]) -> None:
        """Hands the batch to the threads."""
        if self._outstanding == 0:  # with handlers under way nobody can tell whose directory it is
            self._surroundings.put_back()
            self._peak.before_job(time.monotonic_ns())
        self._held.take(jobs)
        self._slot.activity = Activity.RUNNING
        with self._changed:
            self._outstanding += len(jobs)
            begin = self._isolation.take(jobs, time.monotonic())
        self._flusher.busy(working=True)
        for job in begin:
            self._pool.submit(self._run_one, job)

    def finish(self) -> None:
        """Waits until every job that was taken has ended, then settles them."""
        with self._changed:
            self._changed.wait_for(lambda: self._outstanding == 0)
        self._flusher.busy(working=False)
        self._settler.flush()

    def _run_one(self, job: ClaimedJob) -> None:
        started_ns = time.monotonic_ns()
        if self._slot.wanted is Wanted.RELEASE or self._lease.expired(started_ns) or not self._may_begin(job):
            settlement = job.settled(Verdict.RELEASED)
        elif self._slot.cancel_asked(job.entry, job.token):
            settlement = job.cancelled_unrun()
        else:
            self._slot.start(job.entry, started_ns)
            settlement = self._dispatcher.dispatch(job, started_ns)
            if os.getpid() != self._pid:
                os._exit(0)  # the handler forked, and its child came back out of it: it is none of ours
            done = settlement.verdict is Verdict.COMPLETED
            self._slot.mark(job.entry, EntryState.DONE if done else EntryState.FAILED)
        self._settler.add(settlement, job.entry)
        self._surroundings.check_descriptors()
        self._ended(job)

    def _may_begin(self, job: ClaimedJob) -> bool:
        return not job.losses or self._announcer.may_begin(job)

    def _ended(self, job: ClaimedJob) -> None:
        with self._changed:
            self._outstanding -= 1
            begin = self._isolation.ended(job, time.monotonic())
            idle = self._outstanding == 0
            self._changed.notify_all()
        for other in begin:
            self._pool.submit(self._run_one, other)
        if idle or self._outstanding < self._settings.concurrency:
            self._slot.wake(OWN)

    def _give_back(self) -> None:
        """Gives back the suspects that would wait too long to be alone. Called by the flusher's thread."""
        with self._changed:
            wanted = self._slot.wanted
            back, away = self._isolation.give_back(time.monotonic(), at_once=wanted is Wanted.RELEASE)
            delay = away if wanted is Wanted.RUN else None  # who leaves will not claim them again himself
            for job in back:
                self._settler.add(job.settled(Verdict.RELEASED, delay=delay), job.entry)
            self._outstanding -= len(back)
            self._changed.notify_all()
        if back:
            self._slot.wake(OWN)
