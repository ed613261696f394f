"""Arrays that are sent as binary arrive as they were."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.arrays import LevelArray, TextArray, register_arrays


@pytest.mark.parametrize(
    "values", [[], ["default"], ["", "with space", 'quoted "', "back\\slash", "{brace,comma}", "NULL", "Grüße ✓"] * 50]
)
def test_texts(connection: Connection[Any], values: list[str]) -> None:
    register_arrays(connection)
    row = connection.execute("SELECT %s", (TextArray(values),)).fetchone()
    assert row == (values,)


def test_texts_that_are_cast(connection: Connection[Any]) -> None:
    register_arrays(connection)
    row = connection.execute("SELECT (%s::timestamptz[])[1] < '0001-01-01'", (TextArray(["-infinity"]),)).fetchone()
    assert row == (True,)


def test_levels_with_nulls(connection: Connection[Any]) -> None:
    register_arrays(connection)
    levels = [None, -4, 0, 4, None]
    row = connection.execute("SELECT %s, pg_typeof(%s)::text", (LevelArray(levels), LevelArray([]))).fetchone()
    assert row == (levels, "smallint[]")
