"""``python -m tests.support.sabotage_ticks serve …``: pooljobs whose stewards tick wrong, as ``SABOTAGE`` says.

``twice``: the row of a schedule is not locked. ``missed``: what comes next follows from the clock, not from the tick.
"""

from __future__ import annotations

import os
from datetime import datetime
from unittest.mock import patch

from pooljobs.__main__ import main
from pooljobs.db.statements import Statements
from pooljobs.job.schedule_rule import Schedule

LOCK = b"FOR UPDATE SKIP LOCKED"


def main_without_lock() -> None:
    """Runs the command line with the schedule's row lock taken out, in this process and the ones it forks."""
    load = Statements.load

    def unlocked(self: Statements, verb: str) -> bytes:
        text = load(self, verb)
        if verb != "find_due_schedules":
            return text
        assert LOCK in text, "there is no lock: the sabotage would show nothing"
        return text.replace(LOCK, b"")

    with patch.object(Statements, "load", unlocked):
        main()


def main_by_the_clock() -> None:
    """The same with the next tick taken from the time."""

    def due(self: Schedule, first: datetime, now: datetime) -> tuple[list[datetime], datetime]:
        return [first], self.after(now)

    with patch.object(Schedule, "due", due):
        main()


if __name__ == "__main__":
    {"twice": main_without_lock, "missed": main_by_the_clock}[os.environ["SABOTAGE"]]()
