"""What a log line says beyond its message: the job that runs, and what the caller passed as ``extra``."""

from __future__ import annotations

import logging
from typing import Any, Final

from pooljobs.handler.context import current_job
from pooljobs.job.error_text import traceback_text
from pooljobs.job.secret_values import hides_any, without_secrets
from pooljobs.logs.job_log import is_job_line

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def job_fields() -> dict[str, Any]:
    """``job_id``, ``job_type`` and ``trace_id`` of the job running here; empty outside of jobs.

    A trace id that the job does not have is left out.
    """
    job = current_job()
    if job is None:
        return {}
    fields = {"job_id": str(job.id), "job_type": job.job_type, "trace_id": job.trace_id}
    return {name: value for name, value in fields.items() if value is not None}


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller passed as ``extra``, as text where a secret parameter's value is in it."""
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}
    if is_job_line(record) or not hides_any():
        return given
    return {name: _masked(value) for name, value in given.items()}


def _masked(value: object) -> object:
    text = value if isinstance(value, str) else printed(value)
    told = without_secrets(text)
    return value if told == text else told


def printed(value: object) -> str:
    """Its ``repr``. Never raises: an object of the application's may do anything when it is printed."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  # whatever it does
        return f"<{type(value).__qualname__}>"


def message_of(record: logging.LogRecord) -> str:
    """The record's message. Arguments that do not fit their format are told of beside it; nothing is raised."""
    try:
        return without_secrets(record.getMessage())
    except Exception as error:  # noqa: BLE001  # a handler's arguments may do anything when they are printed
        message = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__qualname__}>"
        return f"{without_secrets(message)} (arguments do not fit: {type(error).__name__})"


def exception_of(record: logging.LogRecord) -> str | None:
    """The traceback, without the last line's end; None where nothing was raised. What was raised may be anything."""
    info = record.exc_info
    if not isinstance(info, tuple) or info[1] is None:
        return None
    return traceback_text(info[1], info[2]).rstrip("\n")
