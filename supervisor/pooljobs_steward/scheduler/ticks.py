"""Enqueues the jobs of schedules that are due. All stewards do: whoever locks a row first enqueues its tick and writes
when it is due next, in one transaction, so there is no leader, and a tick has one job whoever dies in between.

The database's clock says what is due; what comes next follows from the tick. It knows nothing of the user's code:
type, payload and queue are in the row. A schedule that cannot be computed, or whose job the database refuses, or that
meets somebody's lock (on the key of a unique job, say), keeps its tick and is told in its row and in the log; the
others go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from pooljobs.db.error_classes import one_line
from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.statements import Statements
from pooljobs.errors import OptionError
from pooljobs.job.schedule_rule import Schedule, trace_id_of

AT_ONCE: Final = 20
"""Schedules in one transaction."""

LONGEST_LOOK: Final = 0.5
"""Seconds after which a look begins with no other schedule: leases are renewed by the same thread, and after an outage
each schedule may have many ticks.
"""

REFUSED_PAUSE: Final = 60.0
"""Seconds until one is tried again that could not be enqueued."""

LOCKED_PAUSE: Final = 3.0
"""Seconds until one is tried again whose job had to wait for somebody's lock."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Failure(NamedTuple):
    """Why a schedule could not be enqueued, in words; and whether it was for somebody's lock."""

    text: str
    locked: bool = False

    @property
    def pause(self) -> float:
        """Seconds for which it is put off."""
        return LOCKED_PAUSE if self.locked else REFUSED_PAUSE


class Ticks:
    """Of one database, for a steward's main thread."""

    def __init__(self, statements: Statements, log: logging.Logger) -> None:
        self._find = statements.load("find_due_schedules")
        self._enqueue = statements.load("enqueue_tick")
        self._advance = statements.load("advance_schedule")
        self._log = log
        self._told: dict[str, str] = {}

    def enqueue_due(self, connection: Connection[Any]) -> bool:
        """Enqueues what is due, of so many schedules; whether there was something.

        One that met a lock is the last of them, and so is the one at which it has taken long: there are other things to
        do, and the next look comes at once.
        """
        until = time.monotonic() + LONGEST_LOOK
        with connection.transaction():
            rows = connection.cursor(row_factory=dict_row).execute(self._find, {"most": AT_ONCE}).fetchall()
            for row in rows:
                failure = self._attempt(connection, row)
                self._tell(row["name"], failure)
                if failure is not None:
                    put_off = {"next_at": None, "error": failure.text, "pause": failure.pause}
                    connection.execute(self._advance, {"name": row["name"], **put_off})
                if (failure is not None and failure.locked) or time.monotonic() > until:
                    break
        return bool(rows)

    def _attempt(self, connection: Connection[Any], row: Mapping[str, Any]) -> _Failure | None:
        """Why it could not be done; None if it was. An outage comes through."""
        try:
            with connection.transaction():
                self._tick(connection, row)
        except OptionError as error:
            return _Failure(f"{error}; {error.hint}" if error.hint else str(error))
        except psycopg.Error as error:
            kind = kind_of(error)
            if kind is ErrorKind.AGAIN:
                return _Failure(f"its job waits for somebody's lock, see pg_locks: {one_line(error)}", locked=True)
            if kind is not ErrorKind.REFUSED:
                raise
            return _Failure(one_line(error))
        return None

    def _tick(self, connection: Connection[Any], row: Mapping[str, Any]) -> None:
        name, rule, now = row["name"], rule_of(row), _moment(row["now"])
        ticks, following = ([], rule.after(now)) if row["next_at"] is None else rule.due(_moment(row["next_at"]), now)
        for tick in ticks:
            job = {"name": name, "tick": tick, "run_at": rule.run_at(name, tick), "trace_id": trace_id_of(name, tick)}
            connection.execute(self._enqueue, job)
        connection.execute(self._advance, {"name": name, "next_at": following, "error": None, "pause": None})

    def _tell(self, name: str, failure: _Failure | None) -> None:
        """Once, until it is another one."""
        before = self._told.pop(name, None)
        if failure is not None:
            self._told[name] = failure.text
            if failure.text != before:
                told = "the schedule %r cannot be enqueued, and is tried again in %g s: %s"
                self._log.error(told, name, failure.pause, failure.text)


def rule_of(row: Mapping[str, Any]) -> Schedule:
    """The rule of a row.

    Raises:
        OptionError: Somebody has written there what is none.
    """
    return Schedule(
        cron=row["cron"],
        every=row["every"],
        tz=row["tz"],
        jitter=row["jitter"],
        catch_up=row["catch_up"],
        overlap=row["overlap"],
    )


def _moment(epoch: float) -> datetime:
    """Seconds since 1970 as a datetime.

    Raises:
        OptionError: Beyond the years that one holds.
    """
    try:
        return _EPOCH + timedelta(seconds=epoch)
    except (OverflowError, ValueError):
        raise OptionError(f"next_at: {epoch:g} seconds since 1970 is beyond the years 1 to 9999") from None
