"""Log records made by hand, and a job to be in."""

from __future__ import annotations

import logging
import sys
from typing import Any
from uuid import UUID

from pooljobs.handler.context import JobContext

JOB = JobContext(UUID(int=7), "send", "emails", attempt=1, max_retries=3, trace_id="req-1")


def record(
    message: object,
    *arguments: object,
    name: str = "pooljobs.worker",
    level: int = logging.INFO,
    extra: dict[str, Any] | None = None,
) -> logging.LogRecord:
    made = logging.LogRecord(name, level, __file__, 1, message, arguments or None, None)
    vars(made).update(extra or {})
    return made


def record_of_error(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord("app", logging.ERROR, __file__, 1, "it broke", None, sys.exc_info())
