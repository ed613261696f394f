"""Enqueues the jobs of schedules that are due. All stewards do: whoever locks a row first enqueues its tick and writes
when it is due next, in one transaction, so there is no leader, and a tick has one job whoever dies in between.

The database's clock says what is due; what comes next follows from the tick. It knows nothing of the user's code:
type, payload and queue are in the row. A schedule that cannot be computed, or whose job the database refuses, keeps its
tick and is told in its row and in the log; the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

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

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Ticks:
    """Of one database, for a steward's main thread."""

    def __init__(self, statements: Statements, log: logging.Logger) -> None:
        self._find = statements.load("find_due_schedules")
        self._enqueue = statements.load("enqueue_tick")
        self._advance = statements.load("advance_schedule")
        self._log = log
        self._told: dict[str, str] = {}

    def enqueue_due(self, connection: Connection[Any]) -> bool:
        """Enqueues what is due, of so many schedules; whether there was something."""
        with connection.transaction():
            rows = connection.cursor(row_factory=dict_row).execute(self._find, {"most": AT_ONCE}).fetchall()
            for row in rows:
                error = self._attempt(connection, row)
                if error is not None:
                    connection.execute(self._advance, {"name": row["name"], "next_at": None, "error": error})
                self._tell(row["name"], error)
        return bool(rows)

    def _attempt(self, connection: Connection[Any], row: Mapping[str, Any]) -> str | None:
        """Why it could not be done; None if it was. An outage comes through, and so does somebody's lock."""
        try:
            with connection.transaction():
                self._tick(connection, row)
        except OptionError as error:
            return str(error)
        except psycopg.Error as error:
            if kind_of(error) is not ErrorKind.REFUSED:
                raise
            return one_line(error)
        return None

    def _tick(self, connection: Connection[Any], row: Mapping[str, Any]) -> None:
        name, rule, now = row["name"], rule_of(row), _moment(row["now"])
        ticks, following = ([], rule.after(now)) if row["next_at"] is None else rule.due(_moment(row["next_at"]), now)
        for tick in ticks:
            job = {"name": name, "tick": tick, "run_at": rule.run_at(name, tick), "trace_id": trace_id_of(name, tick)}
            connection.execute(self._enqueue, job)
        connection.execute(self._advance, {"name": name, "next_at": following, "error": None})

    def _tell(self, name: str, error: str | None) -> None:
        """Once, until it is another one."""
        before = self._told.pop(name, None)
        if error is not None:
            self._told[name] = error
            if error != before:
                self._log.error("the schedule %r cannot be enqueued, and is tried again each minute: %s", name, error)


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
