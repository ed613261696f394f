"""How a run ended, as a value. The worker and the steward decide it; ``settle_full.sql`` carries it out, and
``settle.sql`` where all of a batch completed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, TypeAlias


class Verdict(IntEnum):
    """What becomes of a claimed job. The numbers are filled into statements by name (``db/statements.py``)."""

    COMPLETED = 1
    FAILED = 2
    CANCELLED = 3
    POISONED = 4
    """Failed for good after too many crashes; the last one is charged."""
    RETRY = 10
    RELEASED = 11
    """Given back: nothing is charged. If its handler had begun, an interruption is counted."""
    CRASHED = 12
    """The process died in the run: the run and a crash are charged."""
    LOST = 13
    """Its host was lost: a loss is counted, and no run, since nobody knows whether it ran."""
    SUSPECTED = 14
    """The process died while it ran beside others: nothing is charged, an interruption is counted, and the next time it
    runs alone."""
    SNOOZED = 15
    """Its handler put it off: nothing is charged, a snooze is counted."""
    REFUSED = 16
    """This worker's code does not take the payload: nothing is charged, and another's is waited for."""


FIRST_RETURNED: Final = 10
"""Verdicts from here on give a job back; those before end it."""


KeptResult: TypeAlias = bytes | str
"""What a handler returned, of a job type that keeps it: JSON; or a text, why it cannot be kept."""


@dataclass(slots=True)
class Settlement:
    """One job's verdict together with the claim that gives the right to it.

    Attributes:
        job_id: 16 raw bytes.
        error: Text for ``last_error``; None leaves the column as it is.
        delay: Seconds until the next run; None leaves ``run_at`` as it is.
        started_ns: Monotonic clock when the handler began; 0 if it never did.
        in_transaction: The handler completed the job in its own transaction: that the row is gone is no loss then.
        place: 6 raw bytes: where the claim left the row. None if that is not known; the row is looked up then.
        run_at: The next run, an aware datetime, in the place of a delay.
        kept: What is kept of what the handler returned; None of types that keep nothing.
    """

    job_id: bytes
    fence: int
    token: int
    verdict: Verdict
    error: str | None = None
    delay: float | None = None
    started_ns: int = 0
    in_transaction: bool = False
    place: bytes | None = None
    run_at: datetime | None = None
    kept: KeptResult | None = None
