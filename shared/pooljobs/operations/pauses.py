"""Which pause it is that a job waits for, and pauses in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pooljobs.ages import ago

Row = Mapping[str, Any]


def named(pauses: Iterable[Row], kind: str, name: str) -> Row | None:
    """The pause of this queue or type, if it is paused."""
    return next((each for each in pauses if (each["kind"], each["name"]) == (kind, name)), None)


def pause_of(pauses: Iterable[Row], job: Row) -> Row | None:
    """The pause of a job's queue, or else of its type."""
    held = list(pauses)
    return named(held, "queue", job["queue"]) or named(held, "type", job["job_type"])


def who(pause: Row) -> str:
    """As he called himself, and the database's user.

    >>> who({"paused_by": "Ada", "database_user": "ops"}), who({"paused_by": None, "database_user": "ops"})
    ('Ada (ops)', 'ops')
    """
    user = str(pause["database_user"])
    return f"{pause['paused_by']} ({user})" if pause["paused_by"] else user


def told(pause: Row) -> str:
    """One pause in a line.

    >>> told({"kind": "queue", "name": "mails", "paused_ago": 300.0, "paused_by": None, "database_user": "ops",
    ...       "reason": "SMTP is down"})
    'queue mails, 5 min ago by ops: SMTP is down'
    """
    reason = f": {pause['reason']}" if pause["reason"] else ""
    kind = "queue" if pause["kind"] == "queue" else "job type"
    return f"{kind} {pause['name']}, {ago(pause['paused_ago'])} by {who(pause)}{reason}"
