"""What cancelling a job can come to."""

from __future__ import annotations

from enum import StrEnum


class Cancellation(StrEnum):
    """What cancelling a job came to."""

    CANCELLED = "cancelled"
    """It was pending, and never runs."""
    REQUESTED = "requested"
    """It runs, or is being claimed at this moment: it is asked to end. A handler may still complete it."""
    ENDED = "ended"
    """It had ended before; nothing was done."""
    UNKNOWN = "unknown"
    """There is no such job, or not any more."""
