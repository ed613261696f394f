"""What counts as a failure of a run."""

from __future__ import annotations

from asyncio import CancelledError
from uuid import UUID

import pytest

from pooljobs import JobCancelled, JobContext, TimeLimitExceeded
from pooljobs.contrib.run_result import is_failure
from tests.unit.contrib.jobs import OUTCOMES, an_app

JOB = JobContext(UUID(int=1), "plain", "default", 1, 3)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        *((OUTCOMES[name](), name in ("fail", "error")) for name in OUTCOMES),
        (BaseExceptionGroup("two", [ValueError(), OUTCOMES["snooze"]()]), False),
        (SystemExit(0), True),
        (JobCancelled(JOB.id), False),
        (TimeLimitExceeded(JOB.id, 3), True),
        (CancelledError(), True),
    ],
    ids=repr,
)
def test_decisions_and_cancellations_are_none(error: BaseException, *, failure: bool) -> None:
    assert is_failure(an_app(), JOB, error) is failure
