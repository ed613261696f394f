"""Log lines for machines: one JSON object a line.

Fields: ``ts`` (ISO 8601, UTC), ``level``, ``logger``, ``process`` (worker-1), ``pid``, ``message``; inside a job
``job_id``, ``job_type``, ``trace_id``; what was passed as ``extra``; ``exception`` and ``stack`` where there is one.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

import orjson

from pooljobs.logs.fields import extra_fields, job_fields, message_of
from pooljobs.logs.process_name import process_name


class JsonFormatter(logging.Formatter):
    """One JSON object a record; an extra field never overwrites one of the record's own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end."""
        fields = job_fields() | extra_fields(record) | self._own(record)
        try:
            return orjson.dumps(fields, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
        except (TypeError, ValueError):  # a lone surrogate, a number beyond 64 bits, a cycle
            return json.dumps({name: _plain(value) for name, value in fields.items()})

    def _own(self, record: logging.LogRecord) -> dict[str, Any]:
        own = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": process_name(),
            "pid": os.getpid(),
            "message": message_of(record),
        }
        if record.exc_info:
            own["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            own["stack"] = self.formatStack(record.stack_info)
        return own


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, bool)) else repr(value)
