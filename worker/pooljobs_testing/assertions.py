"""What a test says of the jobs that were enqueued."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import copy_context
from typing import Any

from psycopg import Connection

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import Task
from pooljobs.job.secret_values import hide_values, without_secrets
from pooljobs_testing.closest import missing, unwanted
from pooljobs_testing.expectation import ANYTHING, expectation
from pooljobs_testing.stored_job import PENDING, StoredJob, list_enqueued


class JobAssertions:
    """The jobs of one application's database.

    Attributes:
        app: The application.
    """

    def __init__(self, app: PoolJobs, connection: Connection[Any]) -> None:
        self.app = app
        self._connection = connection

    def enqueued(self, task: Task | str | None = None, payload: Any = ANYTHING, /, **fields: Any) -> list[StoredJob]:
        """The jobs that wait, due or not, in the order of their enqueueing.

        Args:
            task: Only those of this task, or type.
            payload: As of ``assert_enqueued``.
            **fields: As of ``assert_enqueued``.
        """
        wanted = expectation(self.app, task, payload, fields)
        return [job for job in self._all() if job.state == PENDING and wanted.matches(job)]

    def assert_enqueued(
        self,
        task: Task | str,
        payload: Any = ANYTHING,
        /,
        *,
        queue: Any = ANYTHING,
        delay: Any = ANYTHING,
        run_at: Any = ANYTHING,
        priority: Any = ANYTHING,
        max_retries: Any = ANYTHING,
        trace_id: Any = ANYTHING,
        **fields: Any,
    ) -> StoredJob:
        """Return the job that waits and is as expected, the oldest of several.

        Args:
            task: Its task, or its type's name.
            payload: Its payload, as far as the test says something of it: a mapping may leave fields out, at any depth.
            queue: Its queue, as stored; so are ``priority``, ``max_retries`` and ``trace_id``.
            delay: Seconds, or a timedelta, from its enqueueing until it is due; to a second.
            run_at: When it is due; to a second.
            priority: See ``queue``.
            max_retries: See ``queue``.
            trace_id: See ``queue``.
            **fields: Fields of the payload. One that is named as an option goes into ``payload``.

        Raises:
            AssertionError: There is none; the text lists what is there, the closest first.
        """
        __tracebackhide__ = True
        wanted = expectation(
            self.app,
            task,
            payload,
            fields,
            queue=queue,
            delay=delay,
            run_at=run_at,
            priority=priority,
            max_retries=max_retries,
            trace_id=trace_id,
        )
        jobs = self._all()
        for job in jobs:
            if job.state == PENDING and wanted.matches(job):
                return job
        raise AssertionError(self._masked(missing(wanted, jobs), jobs))

    def refute_enqueued(
        self,
        task: Task | str,
        payload: Any = ANYTHING,
        /,
        *,
        queue: Any = ANYTHING,
        delay: Any = ANYTHING,
        run_at: Any = ANYTHING,
        priority: Any = ANYTHING,
        max_retries: Any = ANYTHING,
        trace_id: Any = ANYTHING,
        **fields: Any,
    ) -> None:
        """Check that no job waits that is as described; arguments as of ``assert_enqueued``.

        Raises:
            AssertionError: There are some, which the text lists.
        """
        __tracebackhide__ = True
        wanted = expectation(
            self.app,
            task,
            payload,
            fields,
            queue=queue,
            delay=delay,
            run_at=run_at,
            priority=priority,
            max_retries=max_retries,
            trace_id=trace_id,
        )
        found = [job for job in self._all() if job.state == PENDING and wanted.matches(job)]
        if found:
            raise AssertionError(self._masked(unwanted(wanted, found), found))

    def _masked(self, text: str, jobs: Sequence[StoredJob]) -> str:
        """The text without what these jobs hold of secret parameters."""

        def mask(told: str) -> str:
            for job in jobs:
                if (task := self.app.registry.get(job.job_type)) is not None and task.secret:
                    hide_values(job.payload, task.secret)
                    told = without_secrets(told)
            return told

        return copy_context().run(mask, text)

    def _all(self) -> list[StoredJob]:
        return list_enqueued(self._connection, self.app)
