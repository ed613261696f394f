"""What tests of an application import. pytest's fixtures (``jobs`` and others, docs/testing.md) are there without.

A second composition root, as ``pooljobs.__main__``: it brings an application together with the worker's own parts,
which nothing else of this package knows.
"""

from __future__ import annotations

from pooljobs.job.verdict import Verdict
from pooljobs_testing.drained import Drained
from pooljobs_testing.harness import JobHarness, harness
from pooljobs_testing.inline_jobs import inline
from pooljobs_testing.job_test_case import JobTestCase
from pooljobs_testing.one_run import Ran
from pooljobs_testing.run import database
from pooljobs_testing.stored_job import StoredJob

__all__ = ["Drained", "JobHarness", "JobTestCase", "Ran", "StoredJob", "Verdict", "database", "harness", "inline"]
