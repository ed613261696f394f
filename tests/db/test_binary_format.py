"""Values that are sent as binary arrive as they were."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.wire import binary_format
from pooljobs.db.wire.arrays import Int8Array, UuidArray, register_arrays
from pooljobs.db.wire.binary_format import Oid, split
from pooljobs.db.wire.prepared import HotStatement
from pooljobs_worker.claims.lanes import START

STRANGE = ["", "with space", 'quoted "', "back\\slash", "{brace,comma}", "NULL", "Grüße ✓"]


def as_text(connection: Connection[Any], oid: Oid, value: bytes | None) -> str | None:
    """The value as the server shows it."""
    (shown,) = HotStatement("shown", b"SELECT %(value)s::text", types={"value": oid}).row(connection, [value])
    return None if shown is None else shown.decode()


def from_database(connection: Connection[Any], oid: Oid, value: bytes | None, kind: str) -> Any:
    return connection.execute(f"SELECT %s::{kind}".encode(), (as_text(connection, oid, value),)).fetchone()


@pytest.mark.parametrize("values", [[], ["default"], STRANGE * 50])
def test_texts(connection: Connection[Any], values: list[str]) -> None:
    assert from_database(connection, Oid.TEXT_ARRAY, binary_format.texts(values), "text[]") == (values,)


@pytest.mark.parametrize("values", [[None], ["a", None, "", None]])
def test_texts_with_nulls(connection: Connection[Any], values: list[str | None]) -> None:
    assert from_database(connection, Oid.TEXT_ARRAY, binary_format.texts(values), "text[]") == (values,)


def test_levels_with_nulls(connection: Connection[Any]) -> None:
    assert as_text(connection, Oid.INT2_ARRAY, binary_format.levels([None, -4, 0, 4, None])) == "{NULL,-4,0,4,NULL}"
    assert as_text(connection, Oid.INT2_ARRAY, binary_format.levels([])) == "{}"


def test_places_with_nulls(connection: Connection[Any]) -> None:
    places = [struct.pack("!IH", 7, 3), None, struct.pack("!IH", 2**32 - 2, 1)]
    sent = binary_format.raw_array_with_nulls(Oid.TID, 6, places)
    assert as_text(connection, Oid.TID_ARRAY, sent) == '{"(7,3)",NULL,"(4294967294,1)"}'
    assert as_text(connection, Oid.TID_ARRAY, binary_format.raw_array_with_nulls(Oid.TID, 6, places[:1])) == '{"(7,3)"}'


def test_times(connection: Connection[Any]) -> None:
    connection.execute("SET timezone = 'UTC'")
    when = binary_format.timestamptz(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
    sent = binary_format.raw_array(Oid.TIMESTAMPTZ, 8, [START[0], when])
    assert as_text(connection, Oid.TIMESTAMPTZ_ARRAY, sent) == '{-infinity,"1969-12-31 23:59:59.999999+00"}'


def test_documents_and_the_lack_of_a_text(connection: Connection[Any]) -> None:
    assert as_text(connection, Oid.JSONB, binary_format.jsonb(b'{"a":[1]}')) == '{"a": [1]}'
    assert as_text(connection, Oid.TEXT, binary_format.text(None)) is None
    assert as_text(connection, Oid.TEXT, binary_format.text("Grüße ✓")) == "Grüße ✓"


def test_arrays_for_cursors(connection: Connection[Any]) -> None:
    register_arrays(connection)
    row = connection.execute("SELECT %s::text, %s", (UuidArray([bytes(16)]), Int8Array([-1, 2**62]))).fetchone()
    assert row == ("{00000000-0000-0000-0000-000000000000}", [-1, 2**62])


def test_a_string_of_pieces_is_split() -> None:
    assert split(b"", 16) == ()
    assert split(b"abcdef", 3) == (b"abc", b"def")
