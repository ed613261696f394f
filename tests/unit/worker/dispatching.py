"""A dispatcher as a worker has it, on a scoreboard of its own and without a database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pooljobs import PoolJobs
from pooljobs.scoreboard import Scoreboard, Slot
from pooljobs.verdict import Settlement
from pooljobs_worker.claimed import ClaimedJob
from pooljobs_worker.coroutines import BackgroundLoop, MainLoop
from pooljobs_worker.deadlines import Deadlines
from pooljobs_worker.dispatch import Dispatcher
from pooljobs_worker.interrupts import Interrupts

LOG = logging.getLogger("test")


@dataclass(slots=True)
class Dispatching:
    """Runs jobs as a crew does, all in one entry, each with a token of its own."""

    slot: Slot
    dispatcher: Dispatcher
    interrupts: Interrupts
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
            return self.dispatcher.dispatch(job, started_ns)
        finally:
            self.slot.free(0)


@contextmanager
def dispatching(app: PoolJobs, *, background: bool = False, default_secs: float = 0.0) -> Iterator[Dispatching]:
    board = Scoreboard.create(1, 2)
    slot = board.slot(0)
    deadlines = Deadlines(slot, app.registry.values(), default_secs)
    interrupts = Interrupts(slot, deadlines.by_type)
    with (BackgroundLoop if background else MainLoop)(LOG) as loop:
        dispatcher = Dispatcher(app.registry, app.state, loop.run, interrupts, deadlines, completing=b"", log=LOG)
        yield Dispatching(slot, dispatcher, interrupts)
    board.close()
