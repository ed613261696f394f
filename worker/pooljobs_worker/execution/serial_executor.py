"""Runs a batch one job after the other, in the worker's main thread: the executor for a concurrency of one.

A batch that has ended is settled by the flusher's thread, while this one claims and runs the next; it never gets
further ahead than that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from pooljobs.job.verdict import Verdict
from pooljobs.scoreboard import Activity, EntryState, Wanted
from pooljobs.scoreboard.layout import At
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.components import Components
from pooljobs_worker.dispatch.dispatcher import Dispatcher
from pooljobs_worker.execution.admission import release_unstarted, unfinished
from pooljobs_worker.execution.backlog import UnstartedJobs
from pooljobs_worker.execution.batch_size import AdaptiveBatchSize
from pooljobs_worker.execution.rebalance import Rebalancer
from pooljobs_worker.execution.suspect_turn import SuspectTurn
from pooljobs_worker.runtime.fork_guard import make_origin
from pooljobs_worker.runtime.process_state import PAUSE_NS, ProcessState
from pooljobs_worker.session.worker_session import GaveUpError

_DONE = int(EntryState.DONE)
_RELEASE = int(Wanted.RELEASE)
_WANTED, _LEASED_UNTIL = int(At.WANTED), int(At.LEASED_UNTIL_NS)


class SerialExecutor:
    """Has the flusher settle what has ended, while a slow handler runs and when the batch ends."""

    def __init__(
        self,
        components: Components,
        dispatcher: Dispatcher,
        *,
        process_state: ProcessState,
        adaptive_batch: AdaptiveBatchSize,
    ) -> None:
        self._slot = components.child.slot
        self._words = components.child.slot.words  # what is looked at before each job is read without the descriptors
        self._requests = components.child.slot.requests
        self._states = components.child.slot.states
        self._fresh_context, self._dispatch = dispatcher.fresh_context, dispatcher.dispatch
        self._process_state = process_state
        self._looked_ns = 0
        self._held = components.held
        self._settler = components.settler
        self._flusher = components.flusher
        self._lease = components.lease
        self._start_record = components.start_record
        self._large_payloads = components.large_payloads
        self._turn = SuspectTurn(components.child.board, self._slot)
        self._peak = components.peak
        self._fork_guard = make_origin()
        self._adaptive_batch = adaptive_batch
        self._backlog = UnstartedJobs()
        self._rebalancer = Rebalancer(
            components.child,
            components.settler,
            backlog=self._backlog,
            paused=lambda: components.paused_jobs.through(components.settler.session),
            given_back=lambda _: None,
        )
        components.flusher.also(lambda: self._rebalancer.look(time.monotonic_ns()))

    @property
    def room(self) -> int:
        """A batch: ``run`` returns when the last one has ended. If need be, the one before is settled first; less, if
        results are kept that the database refuses.
        """
        if self._held.room >= self._adaptive_batch.size:
            return self._adaptive_batch.size
        self._flusher.catch_up()
        return min(self._adaptive_batch.size, self._held.room)

    def run(self, jobs: list[ClaimedJob], *, full: bool) -> None:
        """Runs the batch in order; what has not begun when RELEASE is wanted, or the lease is lost, is given back.

        So is what waits behind a slow job for too long, by the flusher's thread. The list is emptied: a job whose
        handler has ended is not to be kept, and its payload with it, until the batch has.
        """
        batch = self._turn.marked(jobs)
        self._held.take(batch)
        self._slot.activity = Activity.RUNNING
        self._looked_ns = began_ns = time.monotonic_ns()  # at the end of the last batch, and no handler ran since
        self._peak.before_job(began_ns)
        self._backlog.take(batch, began_ns)
        jobs.clear()
        batch.clear()
        self._flusher.busy(working=True)
        ran = self._run_all()
        self._adaptive_batch.observe(ran, (time.monotonic_ns() - began_ns) / 1e9, full=full)
        self._process_state.restore()  # before the settlement, which may open a connection
        self._flusher.busy(working=False)
        self._slot.activity = Activity.SETTLING
        self._flusher.hand_over()

    def rest(self) -> None:
        """Has the last batch settled: who idles must not have results on their way."""
        self._flusher.catch_up()

    def finish(self) -> None:
        """Settles the last batch, and what an interrupted flush may have left."""
        self._flusher.catch_up()
        self._settler.flush_last()

    def _run_all(self) -> int:
        """Empties the backlog; the number of jobs that were taken out of it to be run."""
        begun, waiting, words, clock = 0, self._backlog.jobs, self._words, time.monotonic_ns
        ran: ClaimedJob | None = None
        while waiting:
            now_ns = clock()  # for the lease and for the start
            if words[_WANTED] == _RELEASE or (now_ns > words[_LEASED_UNTIL] and not self._renewed()):
                self._give_back(self._backlog.empty())
                break
            try:
                job = waiting.popleft()
            except IndexError:  # the flusher's thread was faster
                break
            begun += 1
            if self._requests[job.entry] == job.token:
                self._settler.add(job.cancelled_unrun(), job.entry)
            elif not (job.losses or job.suspect or job.payload is LEFT_OUT):
                if self._run_one(job, now_ns):
                    ran = job
            else:
                self._run_carefully(job)
        if ran is not None:  # for the batch: it is looked up once, and one job tells enough
            self._turn.came_back(ran, self._backlog.begun_ns)
        return begun

    def _run_carefully(self, job: ClaimedJob) -> None:
        """Runs a suspect if the fleet may have one run now, and a job that a host was lost with once that is told; one
        whose payload was left out gets that first.
        """
        self._turn.look_again(job)
        if job.payload is LEFT_OUT and not self._large_payloads.bring(job, self._backlog.waiting()):
            self._give_back((job,))
            return
        if job.suspect and not self._turn.take():
            suspects = [job, *self._backlog.empty()]  # they come last in a batch
            self._give_back(suspects, apart=True)
            return
        if not job.losses or self._start_record.may_begin(job):
            if self._run_one(job, started_ns := time.monotonic_ns()):
                self._turn.came_back(job, started_ns)
        else:
            self._give_back((job,))
        if job.suspect:
            self._turn.leave()

    def _run_one(self, job: ClaimedJob, started_ns: int) -> int:
        """Not 0 if its handler was called."""
        entry = job.entry
        self._backlog.begun_ns = started_ns
        if started_ns - self._looked_ns > PAUSE_NS:
            self._process_state.restore()
            self._peak.before_job(started_ns)
            self._looked_ns = started_ns
        self._slot.start(entry, started_ns)
        settlement = self._fresh_context().run(self._dispatch, job, started_ns)
        if not self._fork_guard[0]:
            os._exit(0)  # the handler forked, and its child came back out of it: it is none of ours
        self._states[entry] = _DONE if settlement.verdict is Verdict.COMPLETED else unfinished(settlement)
        self._settler.add(settlement, entry)
        return settlement.started_ns

    def _renewed(self) -> bool:
        """Past its lease a worker that was stopped or starved must not begin what others may have taken."""
        try:
            return self._lease.renew()
        except GaveUpError:
            return False

    def _give_back(self, jobs: Sequence[ClaimedJob], *, apart: bool = False) -> None:
        """``apart``: for later, each at a moment of its own."""
        for job in jobs:
            self._settler.add(
                release_unstarted(self._slot, job, delay=self._turn.away(job, len(jobs)) if apart else None), job.entry
            )
