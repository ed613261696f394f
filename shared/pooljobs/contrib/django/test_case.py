"""A project's jobs in its own tests: seen, run, and let to travel, in the test's transaction where it has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from pooljobs.contrib.django import project_settings
from pooljobs.contrib.django.project_jobs import app
from pooljobs.db.connect import pin, with_timeouts
from pooljobs.db.wire.prepared import UTF8, BorrowedSession
from pooljobs_testing.handler_runner import HandlerRunner
from pooljobs_testing.harness import JobHarness

if TYPE_CHECKING:
    from django.test import TransactionTestCase as _Case
else:
    _Case = object


@contextmanager
def test_jobs() -> Iterator[JobHarness]:
    """The jobs of a test, as ``pooljobs.testing`` has them: what is enqueued by ``app`` is seen, and can be run.

    Inside ``atomic``, as in each ``TestCase``, that is done on Django's own connection, and ends with its transaction;
    elsewhere, as in a ``TransactionTestCase``, on another connection to the same database.
    """
    database = project_settings.database()
    database.ensure_connection()
    with ExitStack() as opened:
        runner = HandlerRunner(app)
        opened.callback(runner.close)
        connection: psycopg.Connection[Any]
        if database.in_atomic_block:
            connection = BorrowedSession(database.connection.pgconn)
            connection.prepare_threshold = None
        else:
            dsn = with_timeouts(project_settings.dsn())
            connection = psycopg.connect(dsn, autocommit=True, client_encoding=UTF8["client_encoding"])
            opened.callback(connection.close)
            pin(connection)

        def forget_broken() -> bool:
            broken, database.needs_rollback = database.needs_rollback, False
            return broken

        yield JobHarness(
            app, dsn=project_settings.dsn(), connection=connection, runner=runner, forget_broken=forget_broken
        )


test_jobs.__test__ = False  # type: ignore[attr-defined]  # for pytest, which would take it for a test


class WithJobs(_Case):
    """In front of Django's class of a test: ``class Orders(WithJobs, TestCase)``.

    Attributes:
        jobs: What the test does with its jobs; see ``pooljobs.testing.JobHarness``.
    """

    jobs: JobHarness

    def setUp(self) -> None:
        """Begins with no jobs of this test's."""
        super().setUp()
        self.jobs = self.enterContext(test_jobs())
