"""Log lines for people: ``21:52:03.123 INFO  worker-1   done [send_email 0192…]``, coloured on a terminal."""

from __future__ import annotations

import logging
import time
from typing import Final

from pooljobs.logs.fields import exception_of, extra_fields, job_fields, message_of
from pooljobs.logs.job_log import is_job_line
from pooljobs.logs.process_name import process_name

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_CYAN: Final = "\x1b[36m"
_LEVEL_COLOURS: Final = ((logging.ERROR, "\x1b[31m"), (logging.WARNING, "\x1b[33m"), (logging.INFO, ""))


class TextFormatter(logging.Formatter):
    """One readable line a record, in local time; a traceback follows on lines of its own.

    Not that of a job that failed: ``last_error`` has it, and the headline is in the message.
    The logger's name is shown where it is not one of pooljobs' own. ``extra`` fields are for machines, and left out.
    """

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line end."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        when = self._paint(_DIM, f"{clock}.{int(record.msecs):03d}")
        level = self._paint(_level_colour(record.levelno), f"{_short(record.levelname):<5}")
        who = self._paint(_CYAN, f"{process_name():<10}")
        message = message_of(record)
        line = f"{when} {level} {who} {_origin(record)}{message}{self._paint(_DIM, _job(record, message))}"
        return "\n".join([line, *self._trailer(record)])

    def _trailer(self, record: logging.LogRecord) -> list[str]:
        if is_job_line(record):
            return []
        stack = self.formatStack(record.stack_info) if record.stack_info else None
        return [part for part in (exception_of(record) or record.exc_text, stack) if part]

    def _paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_RESET}" if self._colour and code and text else text


def _level_colour(level: int) -> str:
    return next((colour for least, colour in _LEVEL_COLOURS if level >= least), _DIM)


def _short(level: str) -> str:
    return {"WARNING": "WARN", "CRITICAL": "FATAL"}.get(level, level)


def _origin(record: logging.LogRecord) -> str:
    ours = record.name == "pooljobs" or record.name.startswith("pooljobs.")
    return "" if ours else f"{record.name}: "


def _job(record: logging.LogRecord, message: str) -> str:
    """The job that runs, unless the message names it itself."""
    job = job_fields()
    if not job or job["job_id"] in message:
        return ""
    trace = extra_fields(record).get("trace_id") or job.get("trace_id")
    return f" [{job['job_type']} {job['job_id']}{f' trace {trace}' if trace else ''}]"
