"""Annotations of values without parts, and some that no JSON could become."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import annotated_types
from hypothesis import strategies as st
from pydantic import Field, HttpUrl

from tests.support.annotated.annotation import Annotation


class Colour(Enum):
    RED = "red"
    TWO = 2
    PAIR = (1, 2)
    LIST = [1, 2]  # noqa: RUF012  # told apart from the pair by nothing in JSON
    DAY = date(2026, 1, 2)
    NAN = float("nan")


class Word(Enum):
    A = "a"
    NUMBER = "1.5"
    DAY = "2026-01-02"


class Rank(IntEnum):
    FIRST = 1


class Tag(StrEnum):
    A = "a"


class Access(Flag):
    READ = 1
    WRITE = 2


class Stubborn(Enum):
    ONE = 1

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ZeroDivisionError(value)


class Unstorable(Enum):
    RAW = b"raw"


class Pair(NamedTuple):
    x: int


text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
strings = text | st.sampled_from(
    ["1.5", "2026-01-02", "2026-01-02T00:00:00", "12:30:00", "red", "a", "NaN", "1", str(UUID(int=1)), "\0", "\ud800"]
)
zones = st.sampled_from([None, UTC, timezone(timedelta(minutes=53, seconds=28)), ZoneInfo("Europe/Berlin")])
moments = st.datetimes(timezones=zones) | st.just(
    datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
)


def of_class(cls: Any, values: st.SearchStrategy[Any], *, hint: Any = None) -> Annotation:
    def arrived(sent: Any, value: Any) -> bool:
        return type(value) is cls and isinstance(sent, cls) and bool(sent == value)

    return Annotation(hint or cls, values, arrived, hashable=True)


def _number(sent: Any, value: Any) -> bool:
    return type(value) is float and type(sent) in (int, float) and sent == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | strings,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
ANYTHING = st.deferred(
    lambda: JSON | moments | st.dates() | st.decimals() | st.just((1, 2)) | st.just({1}) | st.just(Rank.FIRST)
)


def _just(sent: Any, value: Any) -> bool:
    return bool(sent == value)


def literal(*choices: Any) -> Annotation:
    return Annotation(
        Literal[choices],
        st.sampled_from(choices),
        lambda sent, value: any(
            type(sent) is type(c) and type(value) is type(c) and c == sent == value for c in choices
        ),
        hashable=True,
    )


SCALARS = [
    of_class(str, strings),
    of_class(int, st.integers() | st.sampled_from([2**63, 2**64, Rank.FIRST])),
    Annotation(float, st.floats() | st.integers(-(2**60), 2**60), _number, hashable=True),
    of_class(bool, st.booleans()),
    Annotation(None, st.none(), lambda _sent, value: value is None, hashable=True),
    of_class(
        Decimal, st.decimals() | st.sampled_from([Decimal("sNaN"), Decimal("-0"), Decimal("1.50"), Decimal("Infinity")])
    ),
    of_class(datetime, moments),
    Annotation(date, st.dates(), lambda sent, value: type(value) is date and sent == value, hashable=True),
    of_class(time, st.times(timezones=st.sampled_from([None, UTC]))),
    of_class(timedelta, st.timedeltas()),
    of_class(UUID, st.uuids()),
    of_class(Colour, st.sampled_from(Colour)),
    of_class(Word, st.sampled_from(Word)),
    of_class(Rank, st.sampled_from(Rank)),
    of_class(Tag, st.sampled_from(Tag)),
    of_class(Stubborn, st.sampled_from(Stubborn)),
    of_class(Access, st.sampled_from([Access.READ, Access.READ | Access.WRITE, Access(0)])),
    literal("a", 1, None),
    literal("red", Colour.RED),
    literal(*(1, True, "1")),
    literal(b"raw", "raw"),
    of_class(int, st.integers(-3, 3), hint=NewType("UserId", NewType("Id", int))),
    of_class(int, st.integers(-3, 3), hint=TypeVar("Bounded", bound=int)),
    of_class(int, st.integers(-3, 3), hint=Annotated[int, Field(gt=0)]),
    of_class(int, st.integers(-3, 3), hint=Annotated[int, annotated_types.Ge(0)]),
    of_class(str, strings, hint=Annotated[str, Field(min_length=2)]),
    of_class(date, st.dates(), hint=Annotated[date, "when"]),
]
OTHERS = [
    Annotation(Any, ANYTHING, _just),
    Annotation(object, ANYTHING, _just),
    Annotation(
        dict, st.dictionaries(text, JSON, max_size=3), lambda sent, value: type(value) is dict and sent == value
    ),
    Annotation(list, st.lists(JSON, max_size=3), lambda sent, value: type(value) is list and sent == value),
    of_class(bytes, st.binary()),
    of_class(Path, st.just(Path("x"))),
    of_class(Pair, st.just(Pair(1))),
    of_class(HttpUrl, st.just(HttpUrl("https://example.com"))),
    of_class(Unstorable, st.sampled_from(Unstorable)),
]
