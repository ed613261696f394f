"""The table of the steward's chores in docs/running.md, against the chores."""

from __future__ import annotations

import logging
import os
import re
import threading
from contextlib import closing
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.outage import Outage
from pooljobs.process.child import Child
from pooljobs.scoreboard import Scoreboard
from pooljobs.settings import ServeSettings
from pooljobs_steward.chores import Chores
from pooljobs_steward.maintenance.vacuum import Maintenance
from pooljobs_steward.statement_watchdog import StatementWatchdog
from tests.docs.blocks import ROOT

LOG = logging.getLogger("test")
HEAD = "| Chore | Whose | What it does |"


def test_each_chore_has_its_row() -> None:
    text = (ROOT / "docs" / "running.md").read_text()
    table = text[text.index(HEAD) :].split("\n\n")[0]
    rows = re.findall(r"^\| `([a-z ]+)` \| (\w+) \|", table, re.MULTILINE)
    settings = ServeSettings(dsn="", app="", until_empty=True)
    with closing(Scoreboard.create(1, 1)) as board:
        chores = Chores(
            settings,
            Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid()),
            acted=threading.Event(),
            log=LOG,
        )
        pool: ConnectionPool[Connection[Any]] = ConnectionPool("", open=False)
        maintenance = Maintenance(
            settings,
            board.fleet,
            pool=pool,
            outage=Outage(LOG),
            stopping=threading.Event(),
            watchdog=StatementWatchdog(),
            log=LOG,
        )
        found = [(each.name, each.scope.value) for part in (chores, maintenance) for each in part.schedule.chores]
    assert sorted(rows) == sorted(found)
