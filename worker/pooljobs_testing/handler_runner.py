"""Runs handlers in the test's process, by the worker's dispatcher: hooks, arguments, verdicts and all. No database.

What a supervisor gives its workers is made here for one: a scoreboard with one place, which nobody else looks at.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Final, NamedTuple, TypeVar

from pooljobs.application.app import PoolJobs
from pooljobs.application.readiness import check_ready
from pooljobs.job.verdict import Settlement
from pooljobs.process.child import Child
from pooljobs.scoreboard import Scoreboard
from pooljobs_testing.raised import ListeningJobLog, is_the_runners
from pooljobs_testing.soft_limits import interrupted
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.held_jobs import HeldJobs
from pooljobs_worker.claims.refused_shapes import RefusedShapes
from pooljobs_worker.dispatch.context_services import ContextServices
from pooljobs_worker.dispatch.deadlines import Deadlines
from pooljobs_worker.dispatch.dispatcher import CoroutineRunner, Dispatcher
from pooljobs_worker.dispatch.interrupter import Interrupter
from pooljobs_worker.dispatch.keeping_dispatcher import KeepingDispatcher
from pooljobs_worker.dispatch.payload_refusals import PayloadRefusals
from pooljobs_worker.execution.coroutines import MainLoop
from pooljobs_worker.runtime.exhaustion import Exhaustion

T = TypeVar("T")

ENTRIES: Final = 256
"""Jobs that run inside of each other at most, where each is run by the enqueue of the one before."""

CLOSING: Final = 10.0
"""Seconds that the closing of a run's asynchronous state may take."""

UNKNOWN_AFTER: Final = 0.0
"""Seconds: no other version of the code is waited for, so that what this one does not take has failed."""


class Ended(NamedTuple):
    """A run that is over.

    Attributes:
        error: What it raised, where it failed.
        value: What the handler returned, if that was kept.
    """

    settlement: Settlement
    error: BaseException | None
    value: object = None


class HandlerRunner:
    """One application's. The hooks that begin a worker are called before the first run, the others at the end."""

    def __init__(self, app: PoolJobs) -> None:
        self._app = app
        self.log = logging.getLogger("pooljobs.testing")
        board = Scoreboard.create(slots=1, entries=ENTRIES)
        self.child = Child(board=board, slot=board.slot(0), lifeline_fd=-1, parent_pid=os.getpid())
        self._held = HeldJobs(self.child.slot)
        self._exhaustion = Exhaustion(self.child, self.log)
        self._context = copy_context()  # of the fixture: what the test sets in it is not seen by handlers
        self._loop = MainLoop(self.log)
        self._begun = False

    def begin(self) -> None:
        """Does what a worker does before its first job.

        Raises:
            DeclarationError: A worker could not start with this application.
        """
        if not self._begun:
            check_ready(self._app)
            self._begun = True
            for hook in self._app.hooks.on_worker_start:
                hook()

    def close(self) -> None:
        """Does what a worker does after its last one."""
        if self._begun:
            for hook in self._app.hooks.on_worker_stop:
                try:
                    hook()
                except Exception:
                    self.log.exception("on_worker_stop hook %s failed", getattr(hook, "__qualname__", hook))
        self._loop.__exit__()
        self.child.board.close()

    def run(
        self, job: ClaimedJob, completing: bytes, *, keep: bool = False, coroutines: CoroutineRunner | None = None
    ) -> Ended:
        """Runs it in this thread; an async handler on a loop that stands still between two of them.

        Args:
            job: As it was claimed.
            completing: The statement that ``JobContext.complete_with`` is to run.
            keep: Whether what the handler returns is kept.
            coroutines: Runs what a handler gives to await, in the place of that loop.

        Raises:
            BaseException: What was meant for whoever runs the tests: KeyboardInterrupt, ``pytest.fail``.
        """
        with self._prepared(job, completing, coroutines or self._loop.run, keep=keep) as run:
            dispatcher = run.dispatcher
            return run.ended(dispatcher.fresh_context().run(dispatcher.dispatch, job, run.started_ns))

    async def run_async(self, job: ClaimedJob, completing: bytes, *, keep: bool = False) -> Ended:
        """As ``run``, in the way of a worker with a concurrency above one: async handlers on the running loop, plain
        ones in a thread.
        """
        with self._prepared(job, completing, self._loop.run, keep=keep) as run:
            dispatcher, task = run.dispatcher, self._app.registry.get(job.job_type)
            context = dispatcher.fresh_context()
            if task is None or not task.is_async:
                settled = await asyncio.to_thread(context.run, dispatcher.dispatch, job, run.started_ns)
                return run.ended(settled)
            for type_ in task.binder.state_types:
                with suppress(Exception):  # it is raised again where it counts
                    await asyncio.to_thread(self._app.state.get, type_)
            dispatching = dispatcher.dispatch_async(job, run.started_ns)
            settlement = asyncio.get_running_loop().create_task(dispatching, context=context)
            return run.ended(await _closing(settlement, [dispatcher]))

    @contextmanager
    def _prepared(
        self, job: ClaimedJob, completing: bytes, coroutines: CoroutineRunner, *, keep: bool
    ) -> Iterator[_Run]:
        """A dispatcher for one run, which knows what is declared by now, and an entry on the scoreboard."""
        self.begin()
        slot, job_log = self.child.slot, ListeningJobLog(self.log)
        deadlines = Deadlines(slot, self._app.registry, 0.0)
        interrupter = Interrupter(slot, deadlines.by_type)
        made: list[Dispatcher] = []
        dispatcher = self._context.copy().run(
            KeepingDispatcher if keep else Dispatcher,
            app=self._app,
            run_coroutine=lambda coroutine: coroutines(_closing(coroutine, made)),
            interrupter=interrupter,
            deadlines=deadlines,
            exhaustion=self._exhaustion,
            services=ContextServices(completing),
            payload_refusals=PayloadRefusals(RefusedShapes(), UNKNOWN_AFTER, job_log),
            job_log=job_log,
            log=self.log,
        )
        made.append(dispatcher)
        self._held.take([job])
        try:
            with interrupted(interrupter, slot, job.entry, deadlines.by_type.get(job.job_type, (0, 0))[0]):
                yield _Run(dispatcher, job_log, time.monotonic_ns())
        finally:
            self._held.drop([job.entry])


async def _closing(running: Awaitable[T], dispatchers: Sequence[Dispatcher]) -> T:
    """Awaits a run, and then closes what it was given that lives in this loop: in tests each run makes its own."""
    try:
        return await running
    finally:
        for dispatcher in dispatchers:
            if dispatcher.loop_values.any:
                await dispatcher.loop_values.close(CLOSING)


class _Run(NamedTuple):
    dispatcher: Dispatcher
    job_log: ListeningJobLog
    started_ns: int

    def ended(self, settlement: Settlement) -> Ended:
        error = self.job_log.raised
        if error is not None and is_the_runners(error):
            raise error
        kept = self.dispatcher.returned if isinstance(self.dispatcher, KeepingDispatcher) else None
        return Ended(settlement, error, kept)
