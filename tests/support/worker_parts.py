"""The parts of a real worker in this process, on a real database: for tests of one part without a fork."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from pooljobs.db.connect import child_pool
from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_worker.claims.claimer import Claimer, OthersJobs
from pooljobs_worker.claims.foreign_jobs import ForeignJobs
from pooljobs_worker.claims.give_back import GivesBack
from pooljobs_worker.claims.lanes import Lanes
from pooljobs_worker.claims.paused_jobs import PausedJobs
from pooljobs_worker.claims.refused_shapes import RefusedShapes
from pooljobs_worker.components import Components
from pooljobs_worker.session.database_wait import DatabaseWait
from pooljobs_worker.session.worker_session import WorkerSession

LOG = logging.getLogger("pooljobs.worker")


@contextmanager
def worker_parts(dsn: str, *, entries: int = 100, job_timeout: float = 30.0, sessions: int = 1) -> Iterator[Components]:
    """A registered worker that is READY in slot 1 of a board of two; slot 0 is for a steward. With two sessions it
    settles a batch behind the next one.
    """
    settings = ServeSettings(dsn=dsn, app="", worker=WorkerSettings(job_timeout=job_timeout, batch_size=10))
    with ExitStack() as stack:
        board = stack.enter_context(closing(Scoreboard.create(2, entries)))
        lifeline, held_open = os.pipe()
        stack.callback(os.close, lifeline)
        stack.callback(os.close, held_open)
        os.set_blocking(lifeline, False)
        child = Child(board, board.slot(1), lifeline_fd=lifeline, parent_pid=os.getppid())
        child.slot.role, child.slot.ordinal, child.slot.pid = Role.WORKER, 1, os.getpid()
        pool = stack.enter_context(child_pool(dsn, size=sessions, application_name="pooljobs test"))
        wait = DatabaseWait(child.slot, LOG)
        made = [
            WorkerSession(pool, child.slot, wait=wait, give_up=lambda: child.leaving, number=n) for n in range(sessions)
        ]
        for session in made:
            stack.callback(session.close)
        components = Components.assemble(settings, child, session=made[0], settling=made[-1], log=LOG)
        components.registration.register()
        child.slot.state = SlotState.READY
        yield components


def claimer_of(components: Components) -> Claimer:
    """A claimer for it, which knows all types."""
    child, shares = components.child, components.settings.worker.shares
    return Claimer(
        components.session,
        components.statements,
        lanes=Lanes(shares),
        others_jobs=others_jobs(child.board, child.slot),
        slot=child.slot,
    )


def others_jobs(board: Scoreboard, slot: Slot, *known: str) -> OthersJobs:
    """Of a worker that knows these types; all, if none is named."""
    gives_back = GivesBack(Statements("pooljobs"), Child(board, slot, lifeline_fd=-1, parent_pid=0), LOG)
    return OthersJobs(
        foreign_jobs=ForeignJobs(dict.fromkeys(known), types=bool(known)),
        refused_shapes=RefusedShapes(),
        paused_jobs=PausedJobs(Statements("pooljobs"), board, LOG),
        gives_back=gives_back,
    )
