"""How far a job is, as its handler said it last: a value."""

from __future__ import annotations

from typing import NamedTuple


class JobProgress(NamedTuple):
    """What a handler said last of how far it is: so much is done, of so much if that is known, and what it is at."""

    done: float
    total: float | None
    note: str | None
