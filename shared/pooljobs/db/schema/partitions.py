"""Why history's next partitions could not be made, and what to do about it, long before the last one is used up.

The function that makes them runs with its owner's rights, so that a fleet needs none. What may be missing is the right
to call it, or one of the owner's.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import psycopg
from psycopg import Connection

from pooljobs.db.error_classes import in_words
from pooljobs.db.statements import Statements

AHEAD: Final = 14
"""Days for which there are partitions, as long as somebody makes them."""

CURE: Final = "run `pooljobs migrate` as who owns the schema"
"""Where no right is missing."""


class Lapse(NamedTuple):
    """Partitions that could not be made.

    Attributes:
        days: From today to the last one that there is; negative where that is past, or where there is none.
        text: What is wrong, until when it does no harm, and the cure.
    """

    days: int
    text: str


def lapse(connection: Connection[Any], statements: Statements, error: psycopg.Error) -> Lapse | None:
    """What follows of an error of ``make_partitions.sql``; None if others have made them.

    Raises:
        psycopg.Error: That cannot be found out.
    """
    row = connection.execute(statements.load("explain_partitions")).fetchone()
    last, days, command = row or (None, None, None)
    if days is not None and days >= AHEAD - 1:  # a day has just begun, or somebody else is about to make the next
        return None
    until = f"there are some until {last} (UTC)" if last else "there are none"
    cure = f"execute as who owns the schema: {command}" if command else CURE
    why = in_words(error)
    return Lapse(-1 if days is None else days, f"cannot make history's next partitions, and {until}: {why}; {cure}")
