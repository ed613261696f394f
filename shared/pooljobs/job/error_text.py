"""What goes into a job's ``last_error``: readable first, bounded, and free of what PostgreSQL cannot store."""

from __future__ import annotations

import traceback

LIMIT = 8192
"""Characters kept of one error: the head says what, the tail says where it came from."""

_CUT = "\n… {count} characters left out …\n"


def describe(error: BaseException, *, skip_frames: int = 0) -> str:
    """The exception in one line, then its traceback without the first ``skip_frames`` frames (our own).

    Never raises: an exception whose ``__str__`` raises is described by its class.
    """
    trail = error.__traceback__
    for _ in range(skip_frames):
        trail = trail.tb_next if trail else None
    try:
        text = "".join(traceback.format_exception(type(error), error, trail))
        headline = "".join(traceback.format_exception_only(type(error), error)).strip()
    except Exception as second:  # noqa: BLE001  # a handler's exception class may do anything when it is printed
        return f"{type(error).__name__} (could not be described: {type(second).__name__})"
    return clean(f"{headline}\n\n{text}".rstrip())


def clean(text: str, limit: int = LIMIT) -> str:
    """Text that PostgreSQL stores: NUL and lone surrogates as escapes, the middle of a long one cut out."""
    storable = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
    if len(storable) <= limit:
        return storable
    tail = limit * 3 // 4
    head = limit - tail
    return storable[:head] + _CUT.format(count=len(storable) - limit) + storable[-tail:]
