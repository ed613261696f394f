"""Reads times as people write them: ``--delay 1h30m``, ``--run-at 2026-12-24T18:00``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from pooljobs.errors import OptionError

_UNITS: Final = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART: Final = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})(?![a-z])", re.ASCII)


def delay_of(text: str) -> float | timedelta:
    """Seconds, or a sum of numbers with units.

    >>> delay_of("90"), delay_of("1h30m"), delay_of("2 d")
    (90.0, datetime.timedelta(seconds=5400), datetime.timedelta(days=2))

    Raises:
        OptionError: It is neither.
    """
    try:
        return float(text)
    except ValueError:
        pass
    total, at = timedelta(), 0
    try:
        while at < len(text) and (part := _PART.match(text, at)) is not None:
            total += timedelta(**{_UNITS[part[2]]: float(part[1])})
            at = part.end()
    except OverflowError:
        raise OptionError(f"--delay {text} is too long", hint="a century is the most") from None
    if not text or at < len(text):
        hint = "seconds, or numbers with units: 90, 1h30m, 2d (ms, s, m, h, d, w)"
        raise OptionError(f"--delay does not understand {text!r}", hint=hint)
    return total


def moment_of(text: str) -> datetime:
    """A moment in ISO 8601, of this machine's time zone where it names none.

    Raises:
        OptionError: It is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        hint = "write it as 2026-12-24T18:00, in this machine's time zone, or with one: 2026-12-24T18:00+01:00"
        raise OptionError(f"--run-at does not understand {text!r}: {error}", hint=hint) from None
