"""A host that is made to hold jobs, so that it can be lost with them, and what became of those."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.support.serving import enqueue
from tests.support.waiting import wait_until

HELD = 2
OPTIONS = ("--job-timeout", "2", "--poll-interval", "0.1", "--procs", str(HELD), "--batch-size", "1", "--no-adaptive")
"""So that each of a host's workers holds one job, the one that it runs, and loses it after two seconds."""

_PAYING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()"
_HELD = "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL"
_EFFECTS = "SELECT count(*), count(DISTINCT job_id), min(fence) FROM public.effects"
_ENDS = """
SELECT fence, losses, crashes, attempts, count(*)::int FROM pooljobs.history WHERE job_type = 'pays' GROUP BY 1, 2, 3, 4
"""


def ask(connection: Connection[Any], query: str) -> Any:
    """The row of a query, or its one value."""
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


class Payments:
    """A ``pays`` for each worker of the one host that serves now: they are inside their transactions."""

    def __init__(self, connection: Connection[Any], gate: Path) -> None:
        self._gate = gate
        enqueue(connection, "pays", HELD, json.dumps({"until": str(gate)}))
        wait_until(lambda: ask(connection, _HELD) == HELD, what="the host to hold all that it can")
        wait_until(lambda: ask(connection, _PAYING) == HELD, what="a payment of each worker to be under way")

    def go_on(self) -> None:
        """Lets those go on that were first."""
        self._gate.touch()


def assert_paid_once(connection: Connection[Any]) -> None:
    """Each payment was lost with its host, made elsewhere, and never again."""
    assert ask(connection, _EFFECTS) == (HELD, HELD, 2)
    assert connection.execute(_ENDS.encode()).fetchall() == [(2, 1, 0, 1, HELD)]


def has_noticed(text: str) -> bool:
    """Whether a host's log says that its workers lost what they held, and that they went on."""
    lost, anew = text.count("was lost to another worker"), text.count("registering anew")
    return lost == HELD and anew == HELD
