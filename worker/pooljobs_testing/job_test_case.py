"""For tests that are written as classes of unittest."""

from __future__ import annotations

from typing import ClassVar
from unittest import TestCase

from pooljobs.application.app import PoolJobs
from pooljobs_testing.harness import JobHarness, harness


class JobTestCase(TestCase):
    """A test with jobs of an application, on a database of its own.

    Attributes:
        app: The application; set by the subclass.
        jobs: What the fixture ``jobs`` is.
    """

    app: ClassVar[PoolJobs]
    jobs: JobHarness

    def setUp(self) -> None:
        """Makes the database, and has the application enqueue there."""
        super().setUp()
        self.jobs = self.enterContext(harness(type(self).app))
