"""Runs several jobs at the same time: the executor for a concurrency above one.

Plain handlers run in threads of a pool, async ones as tasks of one event loop in a thread of its own; together they are
never more than the concurrency. The others of a batch wait in the backlog, from which whatever ends takes the next one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.scoreboard import Activity, EntryState
from pooljobs.scoreboard.wake import OWN
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.components import Components
from pooljobs_worker.dispatch.dispatcher import Dispatcher
from pooljobs_worker.execution.admission import Admission, unfinished
from pooljobs_worker.execution.batch_size import AdaptiveBatchSize, ThroughputSampler
from pooljobs_worker.execution.capacity import Capacity
from pooljobs_worker.execution.coroutines import BackgroundLoop
from pooljobs_worker.execution.job_tasks import JobTasks
from pooljobs_worker.execution.rebalance import Rebalancer
from pooljobs_worker.execution.suspect_returns import SuspectReturns
from pooljobs_worker.execution.suspect_turn import SuspectTurn
from pooljobs_worker.runtime.fork_guard import make_origin
from pooljobs_worker.runtime.process_state import PAUSE_NS, ProcessState

_DONE = int(EntryState.DONE)

WORTH_SETTLING = 100
"""Results that are settled without waiting for their age: a statement for so many costs little more than one a job."""

AT_ONCE = 8
"""Plain jobs that are given to threads without a look at whether these need so many."""


class ConcurrentExecutor:
    """Takes a batch, returns at once, and wakes the loop when there is room for more."""

    def __init__(
        self,
        components: Components,
        dispatcher: Dispatcher,
        *,
        process_state: ProcessState,
        adaptive_batch: AdaptiveBatchSize,
        loop: BackgroundLoop,
    ) -> None:
        self._slot = components.child.slot
        self._states = components.child.slot.states
        self._dispatcher = dispatcher
        self._process_state = process_state
        self._held = components.held
        self._settler = components.settler
        self._flusher = components.flusher
        self._turn = SuspectTurn(components.child.board, self._slot)
        self._peak = components.peak
        self._exhaustion = components.exhaustion
        self._concurrency = components.settings.worker.concurrency
        self._pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="pooljobs-job")
        self._tasks = JobTasks(loop, self._as_task, dispatcher.fresh_context)
        self._adaptive_batch = adaptive_batch
        self._throughput = ThroughputSampler()
        self._capacity = Capacity(self._concurrency)
        self._admission = Admission(components, self._turn, self._capacity.backlog)
        self._suspect_returns = SuspectReturns(components, self._turn, self._capacity)
        self._rebalancer = Rebalancer(
            components.child,
            components.settler,
            backlog=self._capacity.backlog,
            paused=lambda: components.paused_jobs.through(components.settler.session),
            given_back=self._given_back,
        )
        components.flusher.also(self._look)
        self._beginning = threading.Lock()
        self._rung = False
        self._crowded = False
        self._looked_ns = 0
        self._fork_guard = make_origin()

    def __enter__(self) -> Self:
        self._pool.submit(int).result()  # there is a thread from now on: what is submitted runs, if not soon
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    @property
    def room(self) -> int:
        """As many as the batch size is for, and at least those that can begin; none while enough wait already, while a
        suspect is to be alone, or while the entries on the scoreboard that a settlement is about to free are worth the
        wait.
        """
        self._rung = False  # first: what ends from here on rings again
        self._crowded = False
        if not self._has_room():
            return 0
        wanted, free = self._adaptive_batch.limit(self._concurrency - self._capacity.outstanding), self._held.room
        unsettled = len(self._held) - self._capacity.outstanding - len(self._settler.set_aside)
        self._crowded = free == 0 or free < wanted // 2 <= free + unsettled
        if self._crowded or self._settler.waiting >= max(WORTH_SETTLING, self._adaptive_batch.size // 2):
            self._flusher.soon()
        return 0 if self._crowded else min(wanted, free)

    def run(self, jobs: list[ClaimedJob], *, full: bool) -> None:
        """Puts the batch into the backlog and begins what can begin."""
        now_ns = time.monotonic_ns()
        idle_since = self._capacity.emptied if self._capacity.outstanding == 0 else None
        if idle_since is not None:  # with handlers under way nobody can tell whose directory it is, nor whose memory
            self._process_state.restore()
            self._peak.before_job(now_ns)
        jobs = self._turn.marked(jobs)
        self._held.take(jobs)
        self._slot.activity = Activity.RUNNING
        self._adaptive_batch.observe(
            *self._throughput.sample(now_ns / 1e9, self._capacity.ended, idle_since=idle_since), full=full
        )
        self._flusher.busy(working=True)
        self._capacity.take(self._suspect_returns.admitted(jobs), now_ns)
        self._begin()

    def rest(self) -> None:
        """Nothing to do: the flusher settles by age, whether or not there is more to claim."""

    def finish(self) -> None:
        """Waits until every job that was taken has ended, then settles them."""
        self._capacity.wait_until_empty()
        self._flusher.busy(working=False)
        self._settler.flush_last()

    def _has_room(self) -> bool:
        capacity = self._capacity
        return capacity.outstanding < self._concurrency + self._adaptive_batch.low_water and not capacity.closed

    def _begin(self) -> None:
        """Begins as many waiting jobs as may run. Who comes while another thread is at it leaves it to that one."""
        while self._capacity.vacant and self._beginning.acquire(blocking=False):
            try:
                while self._begin_some():
                    time.sleep(0)  # the threads that have a job now run it, and what is short they run all of
            finally:
                self._beginning.release()

    def _begin_some(self) -> bool:
        """Begins tasks, and a few plain jobs: a thread for each of many short ones would cost more than they do. False
        when none waits that may run.
        """
        tasks: list[ClaimedJob] = []
        submitted = 0
        while submitted < AT_ONCE and (job := self._capacity.next()) is not None:
            if self._is_task(job):
                tasks.append(job)
            else:
                self._submit(job)
                submitted += 1
        if tasks:
            self._tasks.start(tasks)
        return submitted == AT_ONCE

    def _submit(self, job: ClaimedJob) -> None:
        """Has a thread run it. If the system has none to spare, one that is there does, or gives it back."""
        try:
            self._pool.submit(self._in_thread, job)
        except RuntimeError as error:
            if not self._exhaustion.caused(error, str(error)):
                raise

    def _is_task(self, job: ClaimedJob) -> bool:
        """Not one that waits for the database first, to be announced or for its payload: the loop must not."""
        return not job.losses and job.payload is not LEFT_OUT and self._dispatcher.is_task(job)

    def _in_thread(self, job: ClaimedJob) -> None:
        """Runs a job, and those that follow in its place until one of them is for the event loop."""
        successor: ClaimedJob | None = job
        while successor is not None:
            if self._is_task(successor):
                self._tasks.start([successor])
                return
            settlement = self._admission.refused(successor)
            started_ns = time.monotonic_ns()
            if settlement is None:
                self._slot.start(successor.entry, started_ns)
                run = self._dispatcher.fresh_context().run
                settlement = self._ran(successor, run(self._dispatcher.dispatch, successor, started_ns))
            self._settler.add(settlement, successor.entry)
            self._look_around()
            successor = self._ended(successor)

    async def _as_task(self, job: ClaimedJob) -> None:
        """Runs a job; what follows in its place gets a task or a thread of its own."""
        if not self._fork_guard[0]:
            os._exit(0)  # a handler forked, and this is its child's copy of the loop
        try:
            settlement = self._admission.refused(job)
            started_ns = time.monotonic_ns()
            if settlement is None:
                self._slot.start(job.entry, started_ns)
                settlement = self._ran(job, await self._dispatcher.dispatch_async(job, started_ns))
        finally:
            self._tasks.ended(job)
        self._settler.add(settlement, job.entry)
        self._look_around()
        successor = self._ended(job)
        if successor is not None:
            if self._is_task(successor):
                self._tasks.follow(successor)
            else:
                self._submit(successor)

    def _look_around(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns - self._looked_ns > PAUSE_NS:
            self._looked_ns = now_ns
            self._process_state.check_descriptors()

    def _ran(self, job: ClaimedJob, settlement: Settlement) -> Settlement:
        """Marks a job whose handler has ended."""
        if not self._fork_guard[0]:
            os._exit(0)  # the handler forked, and its child came back out of it: it is none of ours
        if job.suspect:
            self._turn.leave()
        if settlement.started_ns:
            self._turn.came_back(job, settlement.started_ns)
        self._states[job.entry] = _DONE if settlement.verdict is Verdict.COMPLETED else unfinished(settlement)
        return settlement

    def _ended(self, job: ClaimedJob) -> ClaimedJob | None:
        """Books a job's end; the one that begins in its place, if any waits."""
        successor = self._capacity.leave(job)
        self._go_on()
        return successor

    def _go_on(self) -> None:
        """Begins what may have become free to, and rings for more if there is room. Not while a settlement is waited
        for, after which ``_look`` does: the loop would come round in vain for each job that ends.
        """
        if self._capacity.vacant:
            self._begin()
        if not (self._rung or self._crowded) and self._has_room():
            self._rung = True
            self._slot.wake(OWN)

    def _given_back(self, jobs: Sequence[ClaimedJob]) -> None:
        self._adaptive_batch.reset()
        self._capacity.given_back(jobs)
        self._go_on()

    def _look(self) -> None:
        """Called by the flusher's thread, after its settlement."""
        self._tasks.look()
        self._rebalancer.look(time.monotonic_ns())
        self._suspect_returns.look()
        if self._crowded and self._held.room:
            self._crowded = False
            self._slot.wake(OWN)
