"""The log lines that say what became of a job, and the fields of theirs that machines read.

``JobEvent`` and ``FIELDS`` are a contract: dashboards and alerts are built on these names. docs/running.md has them in
a table, which a test compares with this file. Whatever raises in here (a filter or a handler that the application hung
into logging, a record factory) decides nothing: the line is lost then, and the job ends as it would have.
"""

from __future__ import annotations

import logging
import socket
import time
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Protocol
from uuid import UUID

from pooljobs.escaping import escaped
from pooljobs.job.error_text import error_type
from pooljobs.settings import JOB_LOGS


class JobEvent(StrEnum):
    """What became of a job."""

    COMPLETED = "job_completed"
    FAILED = "job_failed"
    """For good: at ERROR."""
    RETRIED = "job_retried"
    SNOOZED = "job_snoozed"
    """Its handler has put it off."""
    CANCELLED = "job_cancelled"
    REFUSED = "job_refused"
    RELEASED = "job_released"
    """It goes back uncharged, since its worker was at its end."""


FIELDS: Final = (
    *("event", "job_id", "job_type", "queue", "attempt", "max_retries", "trace_id"),
    *("duration_ms", "error_type", "exception", "stack"),
)
"""Of a JSON line, beside those that every line has. What is not known of a job is left out."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class LoggedJob(Protocol):
    """What a line says of the job itself."""

    @property
    def id(self) -> UUID:
        """The job's id."""

    @property
    def job_type(self) -> str:
        """Its type."""

    @property
    def queue(self) -> str:
        """Its queue."""

    @property
    def attempt(self) -> int:
        """Number of the run, from 1."""

    @property
    def max_retries(self) -> int:
        """Total number of runs that it may have."""

    @property
    def trace_id(self) -> str | None:
        """The enqueuer's trace id."""


class JobLog:
    """Writes them. Any thread; never raises."""

    def __init__(self, log: logging.Logger, which: str) -> None:
        """``which``: one of ``JOB_LOGS``."""
        assert which in JOB_LOGS
        self._log = log
        self._silent = which == "none"
        self.all = which == "all"
        self._host = socket.gethostname()

    def tell(
        self,
        event: JobEvent,
        job: LoggedJob,
        message: str,
        *arguments: object,
        started_ns: int = 0,
        exc_info: ExcInfo | None = None,
        stack: str | None = None,
        level: int | None = None,
    ) -> None:
        """Write one line.

        Args:
            event: What became of the job. ``FAILED`` is told at ERROR, what else at INFO.
            job: The job.
            message: For people.
            *arguments: Of the message, as logging has them. Text in them is anybody's, and the formatter may be the
                application's.
            started_ns: When its handler began; 0 if it did not.
            exc_info: What it raised.
            stack: Where its handler was when it was killed.
            level: Another level.
        """
        if self._silent or (event is JobEvent.COMPLETED and not self.all):
            return
        try:
            number = level or (logging.ERROR if event is JobEvent.FAILED else logging.INFO)
            if self._log.isEnabledFor(number):
                told = tuple(escaped(each) if isinstance(each, str) else each for each in arguments)
                record = self._log.makeRecord(
                    self._log.name, number, __file__, 0, message, told, exc_info, None, None, stack
                )
                vars(record).update(self._fields(event, job, started_ns, exc_info))
                self._log.handle(record)
        except BaseException:  # noqa: BLE001  # see the module
            return

    def _fields(self, event: JobEvent, job: LoggedJob, started_ns: int, exc_info: ExcInfo | None) -> dict[str, Any]:
        """Set when the record is made: as ``extra`` they are refused where the application's factory has set one."""
        return {
            "event": event.value,
            "job_id": str(job.id),
            "job_type": job.job_type,
            "queue": job.queue,
            "attempt": job.attempt,
            "max_retries": job.max_retries,
            "trace_id": job.trace_id,
            "host": self._host,
            "duration_ms": round((time.monotonic_ns() - started_ns) / 1e6, 3) if started_ns else None,
            "error_type": error_type(exc_info[1]) if exc_info else None,
        }


def is_job_line(record: logging.LogRecord) -> bool:
    """Whether ``JobLog`` wrote it."""
    return record.pathname == __file__
