"""Tells of a job that was expected and is not there what is there instead, the closest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pooljobs_testing.partial_match import Expected
from pooljobs_testing.stored_job import PENDING, StoredJob

MOST: Final = 10
"""Jobs that are listed."""

LONGEST: Final = 300
"""Characters of a payload that are shown."""


def missing(expected: Expected, jobs: Sequence[StoredJob]) -> str:
    """The text for a job that none of these is."""
    lines = [f"no such job is enqueued: {expected}"]
    pending = [job for job in jobs if job.state == PENDING]
    ended = [job for job in jobs if job.state != PENDING and not expected.differences(job)]
    lines += [f"  there was one, which is {job.state} by now: {_shown(job)}" for job in ended[:MOST]]
    lines.append("enqueued are:" if pending else "nothing is enqueued")
    ranked = sorted(pending, key=lambda job: (job.job_type not in expected.job_types, len(expected.differences(job))))
    for job in ranked[:MOST]:
        lines += [f"  {_shown(job)}", *(f"    {difference}" for difference in expected.differences(job))]
    if len(ranked) > MOST:
        lines.append(f"  and {len(ranked) - MOST} more")
    lines += expected.hints
    return "\n".join(lines)


def unwanted(expected: Expected, jobs: Sequence[StoredJob]) -> str:
    """The text for jobs that were not to be there."""
    return "\n".join([f"enqueued, and should not be: {expected}", *(f"  {_shown(job)}" for job in jobs[:MOST])])


def _shown(job: StoredJob) -> str:
    payload = repr(job.payload)
    cut = payload if len(payload) <= LONGEST else f"{payload[:LONGEST]}…"
    told = [f"queue {job.queue}", f"priority {job.priority}"] if job.priority else [f"queue {job.queue}"]
    delay = f", delay {job.delay}" if job.delay else ""
    return f"{job.job_type} {cut} ({', '.join(told)}{delay}) {job.id}"
