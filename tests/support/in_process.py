"""A worker in this process, on a real database: claims, runs and settles an application's jobs until none is due."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pooljobs import PoolJobs
from pooljobs.process.child_signals import INTERRUPT
from pooljobs_worker.execution.factory import make_executor
from tests.support.worker_parts import claimer_of, worker_parts


@contextmanager
def working(app: PoolJobs, dsn: str) -> Iterator[Callable[[], None]]:
    """What is yielded runs what is due, and what comes of it. Leaving closes the application as a worker does."""
    app.use_dsn(dsn)
    before = signal.getsignal(INTERRUPT)
    try:
        with app, worker_parts(dsn) as components:
            claimer = claimer_of(components)
            for hook in app.hooks.on_worker_start:
                hook()
            with make_executor(components, app) as executor:

                def run_all() -> None:
                    while jobs := claimer.claim(executor.room):
                        executor.run(jobs, full=False)
                        executor.finish()

                yield run_all
    finally:
        signal.signal(INTERRUPT, before)
