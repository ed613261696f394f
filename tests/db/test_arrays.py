"""Arrays that are sent as binary arrive as they were."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.arrays import LevelArray, PlaceArray, TextArray, TimeArray, register_arrays
from pooljobs.db.binary import split
from pooljobs_worker.claims.lanes import START


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


def test_places_with_nulls(connection: Connection[Any]) -> None:
    register_arrays(connection)
    places = PlaceArray([struct.pack("!IH", 7, 3), None, struct.pack("!IH", 2**32 - 2, 1)])
    row = connection.execute("SELECT %s::text, pg_typeof(%s)::text", (places, PlaceArray([]))).fetchone()
    assert row == ('{"(7,3)",NULL,"(4294967294,1)"}', "tid[]")


def test_times_as_the_server_sends_them(connection: Connection[Any]) -> None:
    register_arrays(connection)
    sent = connection.execute("SELECT timestamptz_send('-infinity'), timestamptz_send(now()), now()").fetchone()
    assert sent is not None
    row = connection.execute(
        "SELECT %s = ARRAY['-infinity', %s]::timestamptz[]", (TimeArray([sent[0], sent[1]]), sent[2])
    ).fetchone()
    assert row == (True,)
    assert sent[0] == START[0]


def test_a_string_of_pieces_is_split() -> None:
    assert split(b"", 16) == ()
    assert split(b"abcdef", 3) == (b"abc", b"def")
