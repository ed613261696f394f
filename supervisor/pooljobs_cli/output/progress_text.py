"""How far a job is, as people read it, from the view's ``progress``. Nothing raises, whatever stands there."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any, Final

_WHOLE: Final = 1e15
"""Below it a number is written out."""


def percent(document: str | None) -> str:
    """In a word: of what there is to do, or else how much is done; empty for none.

    >>> percent('{"done": 421, "total": 1000}'), percent('{"done": 1234, "total": null}'), percent(None)
    ('42%', '1,234', '')
    """
    report = _read(document)
    done, total = _number(report.get("done")), _number(report.get("total"))
    if done is None:
        return ""
    return f"{int(min(done * 100 / total, 100))}%" if total else _told(done)


def progress_line(document: str | None) -> str | None:
    """All of it in a line; None for none.

    >>> progress_line('{"done": 421, "total": 1000, "note": "a.csv", "at": "2026-03-01T12:00:00.5+01:00"}')
    '421 of 1,000 (42%) at 2026-03-01 11:00:00.500 UTC: a.csv'
    """
    report = _read(document)
    done, total = _number(report.get("done")), _number(report.get("total"))
    if done is None:
        return None
    of = f" of {_told(total)} ({percent(document)})" if total else ""
    note = report.get("note")
    return f"{_told(done)}{of}{_when(report.get('at'))}{f': {note}' if isinstance(note, str) else ''}"


def _read(document: str | None) -> dict[str, Any]:
    try:
        report = json.loads(document or "null")
    except (ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    return number if 0 <= number < math.inf else None


def _told(number: float) -> str:
    return f"{int(number):,}" if number.is_integer() and number < _WHOLE else f"{number:.4g}"


def _when(at: object) -> str:
    try:
        when = datetime.fromisoformat(str(at)).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return f" at {when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03d} UTC"
