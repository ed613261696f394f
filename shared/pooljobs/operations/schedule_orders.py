"""The operator's questions and orders about schedules. Used by the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow

from pooljobs.db.connect import pinned_transaction
from pooljobs.db.public_errors import ours
from pooljobs.db.store.schedule_calls import call_schedule, put_schedule, schedule_row
from pooljobs.errors import NotFoundError, OptionError, RefusedError
from pooljobs.job.options import EnqueueOptions, seconds
from pooljobs.job.schedule_rule import Schedule
from pooljobs.operations.answers import BOUNDED, Answers

NEXT_RUNS: Final = 3
"""Ticks to come that are told of a schedule."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Schedules(Answers):
    """Answers and orders on one connection, which must be in autocommit mode: each is a transaction."""

    def list_all(self) -> list[DictRow]:
        """Every schedule, by name: the columns of ``list_schedules.sql``, ``words``, ``next_runs`` and ``state``."""
        return [_told(row) for row in self._rows("list_schedules", {"name": None})]

    def find(self, name: str) -> DictRow:
        """One of them.

        Raises:
            NotFoundError: There is none of that name.
        """
        rows = self._rows("list_schedules", {"name": name})
        if not rows:
            raise _unknown(name)
        return _told(rows[0])

    def put(self, name: str, job_type: str, payload: bytes, options: EnqueueOptions, rule: Schedule) -> bool:
        """Store one, or replace the stored one of that name; whether it is new.

        Raises:
            RefusedError: The code declares one of that name.
            PayloadError, DatabaseRefusedError: As their names say.
        """
        row = schedule_row(name, job_type, payload, options, rule)
        with ours(self._statements.schema), pinned_transaction(self.connection, BOUNDED):
            return put_schedule(self.connection, self._statements.schema, row)

    def edit(self, name: str, rule: Schedule | None, tz: str | None) -> None:
        """Give it other times, in the zone that it has where ``tz`` is None; without a rule a declared one goes back to
        what the code says.

        Raises:
            NotFoundError: There is none of that name.
            RefusedError: No code declares it, so that there is nothing to go back to.
        """
        every = None if rule is None or rule.every is None else seconds("every", rule.every)
        times = {"cron": rule and rule.cron, "every": every, "tz": tz}
        try:
            self._order("edit_one_schedule", name, **times)
        except NotFoundError:
            if rule is None and self._rows("list_schedules", {"name": name}):
                hint = "give it other times, as --cron or --every"
                raise RefusedError(f"no code declares the schedule {name!r:.200}", hint=hint) from None
            raise

    def pause(self, name: str, reason: str | None, by: str | None) -> None:
        """Enqueue nothing by it until it is resumed. Raises NotFoundError."""
        self._order("pause_one_schedule", name, reason=reason, by=by)

    def resume(self, name: str) -> None:
        """Go on with its next tick. Raises NotFoundError."""
        self._order("resume_one_schedule", name)

    def run(self, name: str) -> Any:
        """Enqueue its job now; its id. Raises NotFoundError."""
        return self._order("run_one_schedule", name)

    def remove(self, name: str) -> None:
        """Delete a stored one.

        Raises:
            NotFoundError: There is none of that name.
            RefusedError: Living code declares it.
        """
        self._order("drop_schedule", name)

    def _order(self, verb: str, name: str, **parameters: object) -> Any:
        with ours(self._statements.schema), pinned_transaction(self.connection, BOUNDED):
            done = call_schedule(self.connection, self._statements.schema, verb, {"name": name, **parameters})
        if not done:
            raise _unknown(name)
        return done


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"there is no schedule {name!r:.200}", hint="pooljobs schedules list  shows those there are")


def _told(row: DictRow) -> DictRow:
    """With what can be said of its rule, whatever somebody has written there."""
    told = dict(row)
    try:
        rule = Schedule(
            row["cron"],
            every=row["every"],
            tz=row["tz"],
            jitter=row["jitter"],
            catch_up=row["catch_up"],
            overlap=row["overlap"],
        )
        told["words"], told["next_runs"] = rule.in_words(), _next_runs(row, rule)
    except OptionError as error:
        told["words"], told["next_runs"], told["error"] = (
            str(row["cron"] or row["every"]),
            [],
            row["error"] or str(error),
        )
    told["state"] = _state(told)
    del told["next_at"], told["now"]
    return told


def _next_runs(row: Mapping[str, Any], rule: Schedule) -> list[datetime]:
    """In the schedule's zone; none of one that is paused or retired."""
    if row["paused_at"] or row["retired_at"]:
        return []
    try:
        first = None if row["next_at"] is None else _EPOCH + timedelta(seconds=row["next_at"])
    except OverflowError:
        return []
    runs = [first or rule.after(row["now"])]
    while len(runs) < NEXT_RUNS:
        runs.append(rule.after(runs[-1]))
    return [run.astimezone(ZoneInfo(row["tz"])) for run in runs]


def _state(row: Mapping[str, Any]) -> str:
    for column, state in (("retired_at", "retired"), ("paused_at", "paused"), ("error", "failing")):
        if row[column]:
            return state
    return "unknown type" if row["unknown"] else "active"
