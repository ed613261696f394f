"""What a test does with the jobs of an application: see what was enqueued, run it, let time pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import BoundTask, Task
from pooljobs.db.connect import pin, with_timeouts
from pooljobs.db.refused import translated
from pooljobs.db.wire.prepared import UTF8
from pooljobs.job.new_job import NewJob
from pooljobs_testing.assertions import JobAssertions
from pooljobs_testing.composed import composed
from pooljobs_testing.drained import SAFETY, Drained, Tally
from pooljobs_testing.handler_runner import HandlerRunner
from pooljobs_testing.inline_jobs import inline
from pooljobs_testing.one_by_one import OneByOne
from pooljobs_testing.one_run import NOTHING_STORED, Ran, as_claimed, task_named
from pooljobs_testing.run import database
from pooljobs_testing.savepoint import apart, not_broken


class JobHarness(JobAssertions):
    """The jobs of one application in one test. Made by the fixture ``jobs``, or by ``harness``.

    Attributes:
        app: The application.
        dsn: The test's database, on which the application enqueues meanwhile.
    """

    def __init__(
        self,
        app: PoolJobs,
        *,
        dsn: str,
        connection: Connection[Any],
        runner: HandlerRunner,
        forget_broken: Callable[[], bool] = not_broken,
    ) -> None:
        super().__init__(app, connection)
        self.dsn = dsn
        self._runner = runner
        self._forget_broken = forget_broken
        with translated(app.schema):
            self._one_by_one = OneByOne(app, connection, runner=runner, forget_broken=forget_broken)

    def drain(
        self, *, raising: bool = False, safety: int = SAFETY, connection: Connection[Any] | None = None
    ) -> Drained:
        """Run what is due, and what comes of it, until nothing is: by the worker's statements, in this thread.

        Jobs run one after the other, by priority and then by time, each to its settlement. What is due later, retries
        too, waits for ``travel``.

        Args:
            raising: Whether the first run that fails is raised, once it is settled.
            safety: Runs after which what is still due counts as a chain without an end.
            connection: A psycopg connection to claim and settle on, as for jobs of a transaction that nobody commits.
                Default: one of the harness's own, on the test's database.

        Raises:
            AssertionError: There was such a chain.
            RuntimeError: An event loop runs in this thread: ``drain_async`` is for that.
            BaseException: What a handler raised, if ``raising``.
        """
        _refuse_in_a_loop("drain")
        one_by_one = self._one_by_one if connection is None else OneByOne(self.app, connection, runner=self._runner)
        tally = Tally(raising=raising, safety=safety)
        while (job := one_by_one.next()) is not None:
            with one_by_one.held(job):
                tally.begins(job.job_type)
                run = self._runner.run(job, one_by_one.completing)
            tally.ended(run, stored=one_by_one.settle(run.settlement))
        return tally.drained

    async def drain_async(self, *, raising: bool = False, safety: int = SAFETY) -> Drained:
        """As ``drain``, in an async test: async handlers run on its loop, plain ones in a thread."""
        one_by_one, tally = self._one_by_one, Tally(raising=raising, safety=safety)
        while (job := await asyncio.to_thread(one_by_one.next)) is not None:
            with one_by_one.held(job):
                tally.begins(job.job_type)
                run = await self._runner.run_async(job, one_by_one.completing)
            tally.ended(run, stored=await asyncio.to_thread(one_by_one.settle, run.settlement))
        return tally.drained

    def run(self, task: Task | BoundTask | str, /, *args: Any, attempt: int = 1, **kwargs: Any) -> Ran:
        """Run one handler once, and store nothing: its payload through JSON, hooks, arguments, verdict as a worker's.

        Args:
            task: The task, one with options, or its name.
            *args: As for ``enqueue``.
            attempt: The number of the run, from 1.
            **kwargs: As for ``enqueue``.

        Raises:
            PayloadError: The handler does not take this payload.
            RuntimeError: An event loop runs in this thread: ``run_async`` is for that.
        """
        _refuse_in_a_loop("run")
        job = self._job_for(task, args, kwargs)
        with apart(self._connection, self._forget_broken):
            return Ran.of(self._runner.run(as_claimed(job, attempt=attempt), NOTHING_STORED, keep=True))

    async def run_async(self, task: Task | BoundTask | str, /, *args: Any, attempt: int = 1, **kwargs: Any) -> Ran:
        """As ``run``, in an async test: an async handler runs on its loop, a plain one in a thread."""
        job = self._job_for(task, args, kwargs)
        with apart(self._connection, self._forget_broken):
            return Ran.of(await self._runner.run_async(as_claimed(job, attempt=attempt), NOTHING_STORED, keep=True))

    def travel(self, passed: timedelta | None = None, /, **units: float) -> None:
        """Let time pass for the jobs that wait: what was due later is so much sooner. The clocks stay as they are.

        Args:
            passed: How much; or
            **units: the same as keywords of ``timedelta``: ``hours=1``.

        Raises:
            ValueError: It is not ahead.
        """
        by = timedelta(**units) if passed is None else passed + timedelta(**units)
        if by < timedelta():
            raise ValueError(f"jobs travel ahead in time, not by {by}")
        self._connection.execute(composed("travel", self.app.schema, passed=by))

    def inline(self) -> AbstractContextManager[None]:
        """Has each job run where it is enqueued, for a block; see ``pooljobs.testing.inline``."""
        return inline(self.app)

    def _job_for(self, task: Task | BoundTask | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NewJob:
        named = task_named(self.app, task)
        return named.prepare(named.binder.payload_of(args, kwargs))


@contextmanager
def harness(app: PoolJobs, dsn: str | None = None) -> Iterator[JobHarness]:
    """The jobs of an application on a database of a test's own, for any runner of tests.

    The application enqueues there, whatever it was made with and the environment says, until the block ends; then what
    it has opened is closed, state of handlers too, and it enqueues where it did before.

    Args:
        app: The application.
        dsn: A database with pooljobs' tables in it. Default: a fresh one, see ``database``.

    Raises:
        EmbeddedError: No server is named, and the embedded one cannot be had.
        NotMigratedError: The tables are not in that database.
    """
    with ExitStack() as opened:
        place = opened.enter_context(database(app.schema)) if dsn is None else dsn
        opened.callback(app.use_dsn, app.dsn)
        app.close()
        app.use_dsn(place)
        opened.callback(app.close)
        runner = HandlerRunner(app)
        opened.callback(runner.close)
        connection = psycopg.connect(with_timeouts(place), autocommit=True, client_encoding=UTF8["client_encoding"])
        opened.callback(connection.close)
        pin(connection)
        yield JobHarness(app, dsn=place, connection=connection, runner=runner)


def _refuse_in_a_loop(method: str) -> None:
    """Handlers run to their end here, and an event loop can wait for nothing meanwhile."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(f"an event loop runs here: await jobs.{method}_async(…)")
