"""Log lines for people: ``21:52:03.123 INFO  worker-1   done [send_email 0192…]``, coloured on a terminal.

What stands in them may come from anybody who enqueues. So nothing of it reaches the terminal as it is
(``pooljobs/escaping.py``), and no line but a record's first begins in the first column: nobody can write one that looks
like a record.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from pooljobs.escaping import escaped, escaped_lines
from pooljobs.job.secret_values import without_secrets
from pooljobs.logs.fields import exception_of, extra_fields, job_fields, message_of
from pooljobs.logs.job_log import is_job_line
from pooljobs.logs.process_name import process_name

_INDENT: Final = "    "
_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_CYAN: Final = "\x1b[36m"
_LEVEL_COLOURS: Final = ((logging.ERROR, "\x1b[31m"), (logging.WARNING, "\x1b[33m"), (logging.INFO, ""))


class TextFormatter(logging.Formatter):
    """One readable line a record, in local time; a traceback follows on lines of its own, as do further lines of a
    message of the application's, all of them indented. A message of pooljobs' own is one line.

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
        level = self._paint(_level_colour(record.levelno), f"{escaped(_short(record.levelname)):<5}")
        who = self._paint(_CYAN, f"{process_name():<10}")
        message = message_of(record)
        told = f"{when} {level} {who} {_message(record, message)}{self._paint(_DIM, _job(record, message))}"
        return f"\n{_INDENT}".join([told, *(escaped_lines(part, _INDENT) for part in self._trailer(record))])

    def _trailer(self, record: logging.LogRecord) -> list[str]:
        if is_job_line(record):
            return []
        stack = self.formatStack(record.stack_info) if record.stack_info else None
        return [without_secrets(part) for part in (exception_of(record) or record.exc_text, stack) if part]

    def _paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_RESET}" if self._colour and code and text else text


def _level_colour(level: int) -> str:
    return next((colour for least, colour in _LEVEL_COLOURS if level >= least), _DIM)


def _short(level: str) -> str:
    return {"WARNING": "WARN", "CRITICAL": "FATAL"}.get(level, level)


def _message(record: logging.LogRecord, message: str) -> str:
    """Others' after the name of their logger: what they log may have lines."""
    ours = record.name == "pooljobs" or record.name.startswith("pooljobs.")
    return escaped(message) if ours else escaped_lines(f"{record.name}: {message}", _INDENT)


def _job(record: logging.LogRecord, message: str) -> str:
    """The job that runs, unless the message names it itself."""
    job = job_fields()
    if not job or job["job_id"] in message:
        return ""
    trace = extra_fields(record).get("trace_id") or job.get("trace_id")
    return escaped(f" [{job['job_type']} {job['job_id']}{f' trace {trace}' if trace else ''}]")
