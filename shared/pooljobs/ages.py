"""Seconds as people say them. Pure; used by the tables."""

from __future__ import annotations

import math
from typing import Final

_UNITS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
_MINUTE: Final = 60.0
_TEN: Final = 10.0


def span(seconds: float | None) -> str:
    """A length of time, to two or three digits; ``-`` for none, and for what is no number.

    >>> [span(s) for s in (0.0004, 0.0123, 0.25, 3.14, 42, 90, 5400, 200000, None)]
    ['0.4 ms', '12 ms', '250 ms', '3.1 s', '42 s', '1.5 min', '1.5 h', '2.3 d', '-']
    >>> [span(s) for s in (math.inf, -math.inf, math.nan)]
    ['forever', '-forever', '-']
    """
    if seconds is None or math.isnan(seconds):
        return "-"
    if seconds == math.inf:
        return "forever"
    if seconds < 0:
        return f"-{span(-seconds)}"
    if seconds < 1:
        return _digits(seconds * 1000, "ms")
    if seconds < _MINUTE:
        return _digits(seconds, "s")
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size)
    return _digits(seconds / size, unit)


def ago(seconds: float) -> str:
    """How long ago something was; what lies less than a second back, or ahead by a trifle, is ``now``.

    >>> [ago(s) for s in (-0.2, 0.5, 12.7, 120, 86400 * 3.2, math.inf)]
    ['now', 'now', '12 s ago', '2 min ago', '3 d ago', 'forever ago']
    """
    return "now" if seconds < 1 else f"{_whole(seconds)} ago"


def until(seconds: float) -> str:
    """How far ahead something is.

    >>> [until(s) for s in (0.2, 12.7, 3600, math.inf)]
    ['in 0 s', 'in 12 s', 'in 1 h', 'never']
    """
    return "never" if seconds == math.inf else f"in {_whole(seconds)}"


def _whole(seconds: float) -> str:
    if seconds == math.inf:
        return "forever"
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (1.0, "s"))
    return f"{int(seconds / size)} {unit}"


def _digits(value: float, unit: str) -> str:
    text = f"{value:.1f}".removesuffix(".0") if value < _TEN else f"{value:.0f}"
    return f"{text} {unit}"
