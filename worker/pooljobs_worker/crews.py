"""Chooses who runs the handlers: the main thread one by one, or several threads when the concurrency is above one."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from pooljobs.app import PoolJobs
from pooljobs_worker.dispatch import CoroutineRunner, Dispatcher
from pooljobs_worker.loop import Crew
from pooljobs_worker.parts import Parts
from pooljobs_worker.serial import SerialCrew
from pooljobs_worker.threaded import BackgroundLoop, ThreadedCrew


@contextmanager
def make_crew(parts: Parts, app: PoolJobs) -> Iterator[Crew]:
    """The crew for these settings; its event loop and threads end with the block."""
    if parts.settings.worker.concurrency == 1:
        with asyncio.Runner() as runner:
            yield SerialCrew(parts, _dispatcher(parts, app, _run_here(runner)))
    else:
        with BackgroundLoop() as loop, ThreadedCrew(parts, _dispatcher(parts, app, loop.run)) as crew:
            yield crew


def _dispatcher(parts: Parts, app: PoolJobs, run_coroutine: CoroutineRunner) -> Dispatcher:
    completing = parts.statements.load("complete_in_transaction")
    return Dispatcher(app.registry, app.state, run_coroutine, completing=completing, log=parts.log)


class _run_here:  # noqa: N801  # a function with a runner bound to it
    """Runs a coroutine on the main thread's event loop, in a copy of the caller's context."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def __call__(self, coroutine: Coroutine[Any, Any, object]) -> object:
        return self._runner.run(coroutine, context=contextvars.copy_context())
