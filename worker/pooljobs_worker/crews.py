"""Chooses who runs the handlers: the main thread one by one, or several threads when the concurrency is above one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from pooljobs.app import PoolJobs
from pooljobs_worker.coroutines import BackgroundLoop, MainLoop
from pooljobs_worker.dispatch import CoroutineRunner, Dispatcher
from pooljobs_worker.loop import Crew
from pooljobs_worker.parts import Parts
from pooljobs_worker.serial import SerialCrew
from pooljobs_worker.surroundings import Surroundings
from pooljobs_worker.threaded import ThreadedCrew


@contextmanager
def make_crew(parts: Parts, app: PoolJobs) -> Iterator[Crew]:
    """The crew for these settings; its event loop and threads end with the block."""
    child = parts.child
    with closing(Surroundings((child.slot.wake_fd, child.lifeline_fd), parts.log)) as surroundings:
        if parts.settings.worker.concurrency == 1:
            with MainLoop(parts.log) as main_loop:
                yield SerialCrew(parts, _dispatcher(parts, app, main_loop.run), surroundings)
        else:
            with (
                BackgroundLoop(parts.log) as loop,
                ThreadedCrew(parts, _dispatcher(parts, app, loop.run), surroundings) as crew,
            ):
                yield crew


def _dispatcher(parts: Parts, app: PoolJobs, run_coroutine: CoroutineRunner) -> Dispatcher:
    completing = parts.statements.load("complete_in_transaction")
    return Dispatcher(app.registry, app.state, run_coroutine, completing=completing, log=parts.log)
