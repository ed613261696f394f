"""When a chore comes again: as often as before, or as its work said."""

from __future__ import annotations

import logging
import time
from typing import Any, cast

import pytest
from psycopg import Connection

from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.statements import Statements
from pooljobs_steward.chore_schedule import Chore, ChoreSchedule
from pooljobs_steward.leaders import Leaders

NOBODYS = cast("Connection[Any]", None)
"""No chore here asks a database."""


@pytest.mark.parametrize(("said", "every"), [(None, 600.0), (0.0, 0.0), (60.0, 60.0)])
def test_a_chore_comes_again_when_its_work_says(said: float | None, every: float) -> None:
    done: list[float] = []

    def work(_: Connection[Any]) -> float | None:
        done.append(time.monotonic())
        return said

    chore = Chore("a", work, every=600.0)
    refusals = RefusalLog(logging.getLogger("test"))
    schedule = ChoreSchedule([chore], refusals=refusals, leaders=Leaders(Statements("pooljobs"), 1))
    schedule.run_due(NOBODYS)
    assert (len(done), chore.every) == (1, every)
    assert chore.at <= done[0] + every
    assert schedule.seconds_to_next() <= every
    schedule.run_due(NOBODYS)
    assert len(done) == (2 if said == 0.0 else 1)
