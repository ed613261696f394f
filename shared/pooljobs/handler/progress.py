"""How far a job is, as its handler says it: ``JobContext.progress`` checks it here, and the worker stores it."""

from __future__ import annotations

import math
from typing import Final

from pooljobs.errors import OptionError
from pooljobs.job.error_text import clean
from pooljobs.job.job_progress import JobProgress

LONGEST_NOTE: Final = 200
"""Characters; of a longer one the rest is left out."""


def checked_report(done: object, total: object, note: object) -> JobProgress:
    """The report.

    Raises:
        OptionError: A number is none, or below 0; the note is no text.
    """
    if note is not None and not isinstance(note, str):
        raise OptionError(f"progress: note must be a string, not {note!r:.80}")
    return JobProgress(
        _number("done", done),
        None if total is None else _number("total", total),
        None if note is None else _cut(clean(note)),
    )


def _number(what: str, number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise OptionError(f"progress: {what} must be a number, not {number!r:.80}")
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not 0 <= value < math.inf:
        raise OptionError(f"progress: {what} must be a number from 0 on, not {number!r:.80}")
    return value


def _cut(note: str) -> str:
    return note if len(note) <= LONGEST_NOTE else f"{note[: LONGEST_NOTE - 1]}…"
