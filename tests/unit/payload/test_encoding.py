from __future__ import annotations

import json
import math
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from pooljobs import PayloadError
from pooljobs.payload.encoding import LARGEST_BYTES, decode, encode

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5),
    max_leaves=20,
)


@dataclass
class User:
    tags: list[Any]
    _secret: int = 1


class Colour(Enum):
    RED = "red"
    PAIR = (1, 2)
    NAN = math.nan


class Level(IntEnum):
    HIGH = 3


class Word(StrEnum):
    YES = "yes"


class Model(BaseModel):
    when: datetime
    number: float = 0.0
    renamed: int = Field(default=1, alias="other")


@given(json_values)
@example({"a": None, "b": "null", "c": "\\u0000"})
@example([5e-324, 1.7976931348623157e308, 1e16, 2**64 - 1, -(2**63)])
def test_what_is_json_comes_back_as_it_was(value: object) -> None:
    assert decode(encode(value)) == value
    assert decode(encode(value).decode()) == value


@given(json_values)
def test_the_standard_library_reads_the_same(value: object) -> None:
    assert json.loads(encode(value)) == value


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (User([1]), {"tags": [1], "_secret": 1}),
        (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), "2026-01-02T03:04:05.000006+00:00"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28))), "0001-01-01T00:00:00+00:53:28"),
        (datetime(2026, 1, 2), "2026-01-02T00:00:00"),  # noqa: DTZ001 - naive ones stay naive
        (date(2026, 1, 2), "2026-01-02"),
        (time(1, 2, tzinfo=UTC), "01:02:00+00:00"),
        (timedelta(minutes=1, milliseconds=5), 60.005),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.10"), "1.10"),
        (Colour.RED, "red"),
        (Colour.PAIR, [1, 2]),
        ([Level.HIGH, Word.YES], [3, "yes"]),
        ((1, (2,)), [1, [2]]),
        ({1}, [1]),
        (frozenset([date(2026, 1, 2)]), ["2026-01-02"]),
        (
            {date(2026, 1, 2): 1, Word.YES: 2, UUID(int=1): 3, Decimal("1.0"): 4},
            {
                "2026-01-02": 1,
                "yes": 2,
                "00000000-0000-0000-0000-000000000001": 3,
                "1.0": 4,
            },
        ),
        ([{Colour.RED: User([{Word.YES: timedelta(1)}])}], [{"red": {"tags": [{"yes": 86400.0}], "_secret": 1}}]),
        (Model(when=datetime(2026, 1, 2, tzinfo=UTC)), {"when": "2026-01-02T00:00:00Z", "number": 0.0, "other": 1}),
    ],
)
def test_python_values_become_json(value: object, encoded: object) -> None:
    assert decode(encode({"v": value})) == {"v": encoded}


@pytest.mark.parametrize("elements", [[0, 8], [0, 8, None], [0, 8, 8.5]])
def test_equal_sets_are_written_alike_whatever_their_order(elements: list[Any]) -> None:
    """The two numbers have one place in a small set: who comes first is first. Text is ordered anew in each process."""
    one, other = set(elements), {*elements[1:], elements[0]}
    assert list(one) != list(other)
    assert encode(one) == encode(other)
    assert encode({"at": frozenset(one)}) == encode({"at": frozenset(other)})


def test_a_float_of_another_library_counts_as_one() -> None:
    class Float64(float):
        pass

    assert encode(Float64(1.5)) == b"1.5"
    with pytest.raises(PayloadError, match="not a JSON number"):
        encode(Float64("nan"))


loop: list[Any] = []
loop.append(loop)
deep: Any = 0
for _ in range(300):
    deep = {"a": deep}
Point = namedtuple("Point", "x y")  # noqa: PYI024 - the untyped kind is refused as well


class Pair(NamedTuple):
    x: int


@dataclass
class Holder:
    inner: object = b""


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"user": User(["a", "b", math.nan])}, r"payload\.user\.tags\[2\]: nan is not a JSON number"),
        ({"x": [1, -math.inf]}, r"payload\.x\[1\]: -inf is not"),
        ({"x": Colour.NAN}, r"payload\.x: nan is not"),
        ({"m": Model(when=datetime(2026, 1, 1, tzinfo=UTC), number=math.inf)}, r"payload\.m\.number: inf is not"),
        ({"x": "a\0b"}, r"payload\.x: contains a NUL character"),
        ({"a\0b": 1}, r"payload: contains a NUL character"),
        ({"x": ["\ud800"]}, r"payload\.x\[0\]: contains half of a surrogate pair"),
        ({"\udfff": 1}, r"payload: contains half of a surrogate pair"),
        ({"two words": 1j}, r"payload\['two words'\]: a value of type complex cannot be stored as JSON"),
        ({"x": b"raw"}, r"payload\.x: a value of type bytes cannot"),
        ({"x": Holder()}, r"payload\.x\.inner: a value of type bytes cannot"),
        ({"x": object()}, r"payload\.x: a value of type object cannot"),
        ({"x": User}, r"payload\.x: a value of type type cannot"),
        ({"x": Point(1, 2)}, r"payload\.x: a value of type Point cannot"),
        ({"x": Pair(1)}, r"payload\.x: a value of type Pair cannot"),
        ({"x": 1j}, r"payload\.x: a value of type complex cannot"),
        ({"x": 2**64}, r"payload\.x: an integer beyond 64 bits"),
        ({"x": -(2**63) - 1}, r"payload\.x: an integer beyond 64 bits"),
        ({"x": {1: 2}}, r"payload\.x: a key is of type int; keys of a JSON object are strings"),
        ({Level.HIGH: 2}, r"payload: a key is of type Level"),
        ({Decimal(1): 1, "1": 2}, r"payload: two keys are both written as '1'"),
        (loop, r"payload(\[0\]?)+….*nested deeper than 254 levels, or contains itself"),
        (deep, r"payload(\.a)+….*nested deeper than 254"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(value: object, message: str) -> None:
    with pytest.raises(PayloadError, match=f"^{message}"):
        encode(value)


@given(st.recursive(st.floats() | st.text() | st.binary() | st.none() | st.integers(), st.lists))
def test_the_walk_finds_a_fault_exactly_where_there_is_one(value: object) -> None:
    complaint = refusal(value)
    if complaint is None:
        assert decode(encode(value)) == value
    else:
        assert complaint.startswith("payload")
        assert "JSON serializable" not in complaint, "orjson's own words: the walk found nothing"


def refusal(value: object) -> str | None:
    try:
        encode(value)
    except PayloadError as error:
        return str(error)
    return None


def test_254_levels_are_taken_and_255_are_not() -> None:
    value: Any = 0
    for _ in range(254):
        value = [value]
    assert decode(encode(value)) == value
    with pytest.raises(PayloadError, match="nested deeper"):
        encode([value])


def test_five_megabytes_are_taken_and_more_than_64_mebibytes_are_not() -> None:
    assert len(encode({"x": "a" * 5_000_000})) > 5_000_000
    assert len(encode("a" * (LARGEST_BYTES - 2))) == LARGEST_BYTES
    with pytest.raises(PayloadError, match="67,108,865 bytes of JSON"):
        encode("a" * (LARGEST_BYTES - 1))


def test_the_error_can_call_the_payload_by_another_name() -> None:
    with pytest.raises(PayloadError, match=r"^mail: payload\.x: a value of type bytes"):
        encode({"x": b""}, where="mail: payload")


def test_a_field_that_raises_while_it_is_read_is_told() -> None:
    class Broken(BaseModel):
        raw: bytes

    with pytest.raises(PayloadError, match=r"^payload\.m: .*utf8|utf-8"):
        encode({"m": Broken(raw=b"\xff")})


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-9223372036854775809", -9223372036854775809),
        ("1" + "0" * 400, 10**400),
        ("1e400", math.inf),
        ('{"a": 0.00001234567890123456789}', {"a": 0.00001234567890123456789}),
        (b"[1, 2]", [1, 2]),
        ('"\\ud800"', "\ud800"),
    ],
)
def test_numbers_of_any_size_are_read_exactly(raw: str | bytes, value: object) -> None:
    assert decode(raw) == value


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "payload is not JSON"),
        ("{", "payload is not JSON"),
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        (b"\xff", "payload is not JSON"),
        ("\ud800", "payload is not JSON"),
        ("1" * 5000, "payload is not JSON"),
        ("[" * 100_000, "payload"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(raw: str | bytes, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        decode(raw)
