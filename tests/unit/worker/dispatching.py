"""A dispatcher as a worker has it, on a scoreboard of its own and without a database."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pooljobs import PoolJobs
from pooljobs.job.verdict import Settlement
from pooljobs.logs.job_log import JobLog
from pooljobs.process.child import Child
from pooljobs.scoreboard import Scoreboard, Slot
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.refused_shapes import RefusedShapes
from pooljobs_worker.dispatch.context_services import ContextServices
from pooljobs_worker.dispatch.deadlines import Deadlines
from pooljobs_worker.dispatch.dispatcher import Dispatcher
from pooljobs_worker.dispatch.interrupter import Interrupter
from pooljobs_worker.dispatch.logged_dispatcher import LoggedDispatcher
from pooljobs_worker.dispatch.payload_refusals import PayloadRefusals
from pooljobs_worker.execution.coroutines import BackgroundLoop, MainLoop
from pooljobs_worker.runtime.exhaustion import Exhaustion

LOG = logging.getLogger("test")


@dataclass(slots=True)
class Dispatching:
    """Runs jobs as an executor does, all in one entry, each with a token of its own."""

    slot: Slot
    dispatcher: Dispatcher
    interrupter: Interrupter
    loop: BackgroundLoop | MainLoop
    tasks: bool = False
    """As an executor of several does it: async handlers in tasks of their own, on the loop."""
    token: int = 100

    def claimed(self, job_type: str, payload: object = None) -> ClaimedJob:
        self.token += 1
        job_id = self.token.to_bytes(16, "big")
        job = ClaimedJob(job_id, 1, self.token, job_type, payload or {}, 0, 3, "default", 0, None, entry=0)
        self.slot.hold(0, job.job_id, job.fence, job.token)
        return job

    def run(self, job: ClaimedJob, started_ns: int) -> Settlement:
        self.slot.start(0, started_ns)
        try:
            if isinstance(self.loop, MainLoop) or not self.dispatcher.is_task(job):
                return self._in_own_context(job, started_ns)
            return self._beside_main(job, started_ns)
        finally:
            self.slot.free(0)

    def _in_own_context(self, job: ClaimedJob, started_ns: int) -> Settlement:
        return self.dispatcher.fresh_context().run(self.dispatcher.dispatch, job, started_ns)

    def _beside_main(self, job: ClaimedJob, started_ns: int) -> Settlement:
        """Not in this thread, which has to run signal handlers: one that comes just before it waits would be missed."""
        settled: list[Settlement] = []

        async def in_task() -> None:
            settled.append(await self.dispatcher.dispatch_async(job, started_ns))

        def live() -> None:
            if self.tasks:
                self.dispatcher.fresh_context().run(self.loop.run, in_task())
            else:
                settled.append(self._in_own_context(job, started_ns))

        thread = threading.Thread(target=live)
        thread.start()
        while thread.is_alive():
            thread.join(0.005)
        return settled[0]


@contextmanager
def dispatching(
    app: PoolJobs,
    *,
    background: bool = False,
    tasks: bool = False,
    default_secs: float = 0.0,
    unknown_after: float = 600.0,
    log_jobs: str = "failed",
) -> Iterator[Dispatching]:
    board = Scoreboard.create(1, 2)
    slot = board.slot(0)
    deadlines = Deadlines(slot, app.registry, default_secs)
    interrupter = Interrupter(slot, deadlines.by_type)
    with (BackgroundLoop if background or tasks else MainLoop)(LOG) as loop:
        exhaustion = Exhaustion(Child(board, slot, lifeline_fd=-1, parent_pid=os.getppid()), LOG)
        job_log = JobLog(LOG, log_jobs)
        dispatcher = (LoggedDispatcher if job_log.all else Dispatcher)(
            app,
            loop.run,
            interrupter=interrupter,
            deadlines=deadlines,
            exhaustion=exhaustion,
            services=ContextServices(b""),
            payload_refusals=PayloadRefusals(RefusedShapes(), unknown_after, job_log),
            job_log=job_log,
            log=LOG,
        )
        yield Dispatching(slot, dispatcher, interrupter, loop, tasks)
    board.close()
