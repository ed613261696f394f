"""Chooses who runs the handlers: the main thread one by one, or threads and tasks when the concurrency is above one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from pooljobs.application.app import PoolJobs
from pooljobs_worker.crew.appetite import Appetite
from pooljobs_worker.crew.coroutines import BackgroundLoop, MainLoop
from pooljobs_worker.crew.deadlines import Deadlines
from pooljobs_worker.crew.dispatch import CoroutineRunner, Dispatcher
from pooljobs_worker.crew.interrupts import Interrupts
from pooljobs_worker.crew.logged_dispatch import LoggedDispatcher
from pooljobs_worker.crew.refusals import Refusals
from pooljobs_worker.crew.serial import SerialCrew
from pooljobs_worker.crew.stacks import Stacks
from pooljobs_worker.crew.surroundings import Surroundings
from pooljobs_worker.crew.threaded import ThreadedCrew
from pooljobs_worker.loop import Crew
from pooljobs_worker.parts import Parts


@contextmanager
def make_crew(parts: Parts, app: PoolJobs) -> Iterator[Crew]:
    """The crew for these settings; its event loop and threads end with the block."""
    child, settings = parts.child, parts.settings.worker
    stacks = Stacks(child.stack_fd)
    appetite = Appetite(settings.batch_size, settings.max_batch_size, adaptive=settings.adaptive)
    deadlines = Deadlines(child.slot, app.registry, settings.time_limit)
    interrupts = Interrupts(child.slot, deadlines.by_type)
    interrupts.install()
    descriptors = (fd for fd in (child.slot.wake_fd, child.lifeline_fd, child.stack_fd) if fd >= 0)
    dispatcher = partial(_dispatcher, parts, app, interrupts, deadlines)
    with closing(Surroundings(descriptors, stacks, parts.log)) as surroundings:
        if settings.concurrency == 1:
            with MainLoop(parts.log) as main_loop:
                yield SerialCrew(parts, dispatcher(main_loop.run), surroundings, appetite)
        else:
            with (
                BackgroundLoop(parts.log, broken=surroundings.check_descriptors) as loop,
                ThreadedCrew(parts, dispatcher(loop.run), surroundings, appetite, loop) as crew,
            ):
                yield crew


def _dispatcher(
    parts: Parts, app: PoolJobs, interrupts: Interrupts, deadlines: Deadlines, run_coroutine: CoroutineRunner
) -> Dispatcher:
    settings, job_log = parts.settings.worker, parts.job_log
    return (LoggedDispatcher if job_log.all else Dispatcher)(
        app.registry,
        app.state,
        run_coroutine,
        interrupts,
        deadlines,
        completing=parts.statements.load("complete_in_transaction"),
        refusals=Refusals(parts.refused_shapes, settings.unknown_after, job_log),
        exhaustion=parts.exhaustion,
        job_log=job_log,
    )
