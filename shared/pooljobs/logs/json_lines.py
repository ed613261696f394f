"""Log lines for machines: one JSON object a line, whatever a reader takes for the end of one.

Fields: those of ``EVERY_LINE``; inside a job ``job_id``, ``job_type``, ``trace_id``; what was passed as ``extra``;
``error_type`` and ``exception`` where something was raised, ``stack`` where there is one. The lines that say what
became of a job have more (``job_log.py``).
"""

from __future__ import annotations

import json
import logging
import os
import socket
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from pooljobs.escaping import escaped_json
from pooljobs.job.error_text import error_type
from pooljobs.logs.fields import exception_of, extra_fields, job_fields, message_of, printed
from pooljobs.logs.process_name import process_name

EVERY_LINE: Final = ("ts", "level", "logger", "process", "pid", "host", "message")
"""Fields that every line has: ``ts`` in ISO 8601 and UTC, ``process`` like worker-1. A part of the contract."""

_EXACT: Final = 2**64


class JsonFormatter(logging.Formatter):
    """One JSON object a record; an extra field never overwrites one of the record's own."""

    def __init__(self) -> None:
        super().__init__()
        self._host = socket.gethostname()

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end."""
        fields = job_fields() | extra_fields(record) | self._own(record)
        try:
            return escaped_json(orjson.dumps(fields, default=repr, option=orjson.OPT_NON_STR_KEYS).decode())
        except (TypeError, ValueError):  # a lone surrogate, a number beyond 64 bits, a cycle, a repr that raises
            return escaped_json(json.dumps({name: _plain(value) for name, value in fields.items()}))

    def _own(self, record: logging.LogRecord) -> dict[str, Any]:
        own = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": process_name(),
            "pid": os.getpid(),
            "host": self._host,
            "message": message_of(record),
        }
        if (exception := exception_of(record)) is not None and record.exc_info and record.exc_info[1]:
            own |= {"error_type": error_type(record.exc_info[1]), "exception": exception}
        if record.stack_info:
            own["stack"] = self.formatStack(record.stack_info)
        return own


def _plain(value: object) -> object:
    """What JSON takes in any case."""
    if isinstance(value, str) or type(value) is bool or (type(value) is int and abs(value) < _EXACT):
        return value
    return printed(value)
