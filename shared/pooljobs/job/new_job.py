"""A job as it is handed to the database: checked and encoded. Made by tasks, stored by the producer."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from pooljobs.job.unique_rule import UniqueRule


class NewJob(NamedTuple):
    """One job to store.

    Attributes:
        job_type: Name of the handler that will run it.
        payload: The payload, encoded as JSON.
        queue: Queue that it waits in.
        priority: -4 to 4, smaller first.
        max_retries: Total number of runs, at least 1.
        delay_secs: Seconds to wait, counted from the database's now(). Ignored where ``run_at`` is given.
        run_at: Not to be run before this instant, or None.
        trace_id: Identifier that log lines of the job carry, or None.
        unique: By what and how it is unique, or None.
        tags: Texts by which people find it.
        meta: What else is said of it, encoded as JSON; None for nothing.
    """

    job_type: str
    payload: bytes
    queue: str = "default"
    priority: int = 0
    max_retries: int = 3
    delay_secs: float = 0.0
    run_at: datetime | None = None
    trace_id: str | None = None
    unique: UniqueRule | None = None
    tags: tuple[str, ...] = ()
    meta: bytes | None = None
