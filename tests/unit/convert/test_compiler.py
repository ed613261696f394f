from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from typing import Annotated, Any, Generic, Literal, NewType, Optional, TypedDict, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter

from pooljobs import DeclarationError
from pooljobs.convert import Mismatch, compile_conversion
from pooljobs.payload.encoding import decode, encode

T = TypeVar("T")
UserId = NewType("UserId", int)


class Colour(Enum):
    RED = "red"
    PAIR = (1, 2)
    DAY = date(2026, 1, 2)


class Rank(IntEnum):
    FIRST = 1


class Access(Flag):
    READ = 1
    WRITE = 2


class Options(TypedDict):
    width: int


@dataclass
class Address:
    city: str
    since: date | None = None


@dataclass(kw_only=True)
class Person:
    name: str
    addresses: list[Address] = field(default_factory=list)
    boss: Person | None = None
    shouted: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a name must not be empty")
        self.shouted = self.name.upper()


@dataclass
class Page(Generic[T]):
    items: list[T]
    first: T


class Model(BaseModel):
    when: datetime
    tags: set[str] = set()


class StrictModel(Model):
    model_config = ConfigDict(strict=True)


@dataclass
class Everything:
    text: str
    truth: bool
    whole: int
    real: float
    exact: Decimal
    moment: datetime
    day: date
    hour: time
    span: timedelta
    id: UUID
    colour: Colour
    choice: Literal["a", 1] | None
    several: tuple[int, ...]
    pair: tuple[str, date]
    table: dict[str, timedelta]
    maybe: Address | None
    either: int | UUID | None


def convert(annotation: object, value: object) -> Any:
    read = compile_conversion(annotation).read
    return value if read is None else read(value)


text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
spans = st.timedeltas(min_value=timedelta(days=-3650), max_value=timedelta(days=3650))
# Fixed offsets: a moment in a named zone's fold equals nothing in another zone, not even itself (PEP 495).
offsets = st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
everything = st.builds(
    Everything,
    text=text,
    exact=st.decimals(allow_nan=False),
    real=st.floats(allow_nan=False, allow_infinity=False),
    whole=st.integers(-(2**63), 2**63),
    span=spans,
    moment=st.datetimes(timezones=offsets | st.none()),
    hour=st.times(),
    several=st.lists(st.integers(-9, 9)).map(tuple),
    pair=st.tuples(text, st.dates()),
    table=st.dictionaries(text, spans),
    maybe=st.none() | st.builds(Address, text, st.none() | st.dates()),
    either=st.none() | st.integers(0, 9) | st.uuids(),
    choice=st.sampled_from(["a", 1, None]),
)


@given(everything)
def test_a_dataclass_comes_back_equal(value: Everything) -> None:
    assert convert(Everything, decode(encode(value))) == value


@pytest.mark.parametrize(
    ("annotation", "given_", "built"),
    [
        (Any, {"a": 1}, {"a": 1}),
        (object, [1], [1]),
        (None, None, None),
        (float, 3, 3.0),
        (Decimal, 1.5, Decimal("1.5")),
        (datetime, "2026-01-02T03:04:05Z", datetime.fromisoformat("2026-01-02T03:04:05+00:00")),
        (timedelta, 1.5, timedelta(seconds=1.5)),
        (Colour, "red", Colour.RED),
        (Colour, [1, 2], Colour.PAIR),
        (Colour, "2026-01-02", Colour.DAY),
        (Rank, 1, Rank.FIRST),
        (Access, 3, Access.READ | Access.WRITE),
        (Literal[Colour.RED, 2], "red", Colour.RED),
        (UserId, 7, 7),
        (Annotated[date, "doc"], "2026-01-02", date(2026, 1, 2)),
        (Optional[date], None, None),  # noqa: UP045 - the old spelling too
        (str | None, "x", "x"),
        (datetime | str, "x", "x"),
        (datetime | str, "2026-01-02", datetime(2026, 1, 2)),  # noqa: DTZ001
        (Decimal | int, 3, 3),
        (float | int, 3, 3),
        (Address | Person, {"name": "x"}, Person(name="x")),
        (list, [1, "a"], [1, "a"]),
        (Sequence[date], ["2026-01-02"], [date(2026, 1, 2)]),
        (tuple, [1], (1,)),
        (tuple[()], [], ()),
        (set[date], ["2026-01-02"], {date(2026, 1, 2)}),
        (frozenset[int], [1, 1], frozenset([1])),
        (dict, {"a": 1}, {"a": 1}),
        (Mapping[Colour, int], {"red": 1}, {Colour.RED: 1}),
        (Options, {"width": 1}, {"width": 1}),
        (Page[date], {"items": ["2026-01-02"], "first": "2026-01-03"}, Page([date(2026, 1, 2)], date(2026, 1, 3))),
        (Model, {"when": "2026-01-02T00:00:00", "tags": ["a"]}, Model(when=datetime(2026, 1, 2), tags={"a"})),  # noqa: DTZ001
    ],
)
def test_json_becomes_what_the_annotation_says(annotation: object, given_: object, built: object) -> None:
    result = convert(annotation, given_)
    assert result == built
    assert type(result) is type(built)


def test_a_recursive_dataclass_is_built_to_any_depth() -> None:
    built = convert(Person, {"name": "a", "boss": {"name": "b", "boss": {"name": "c", "addresses": [{"city": "d"}]}}})
    assert built.boss.boss.addresses == [Address("d")]


def test_a_strict_pydantic_model_is_validated_as_json() -> None:
    built = convert(StrictModel, {"when": "2026-01-02T00:00:00Z", "tags": ["a"]})
    assert built.tags == {"a"}


def test_a_field_that_init_does_not_take_may_stand_in_the_payload() -> None:
    person = Person(name="x")
    assert convert(Person, decode(encode(person))) == person


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (str, 3, "payload: expected a string, got an integer"),
        (str, None, "payload: expected a string, got null"),
        (int, True, "payload: expected an integer, got a boolean"),
        (int, 1.5, "payload: expected an integer, got a number"),
        (float, True, "payload: expected a number, got a boolean"),
        (float, 10**400, "payload: expected a number within a float's range"),
        (bool, 1, "payload: expected true or false, got an integer"),
        (None, 0, "payload: expected null, got an integer"),
        (Decimal, "x", "payload: expected a decimal number, got a string of length 1"),
        (timedelta, 1e300, "payload: expected a number of seconds"),
        (timedelta, "1", "payload: expected a number of seconds, got a string of length 1"),
        (datetime, "soon", "payload: expected a date and time in ISO 8601, got a string of length 4"),
        (date, "2026-01-02T00:00:00", "payload: expected a date in ISO 8601"),
        (UUID, "x" * 100, "payload: expected a UUID, got a string of length 100"),
        (Colour, "blue", "payload: expected a value of Colour, got a string of length 4"),
        (Colour, {}, "payload: expected a value of Colour, got an object"),
        (Literal[1, "a"], True, "payload: expected one of 1, 'a', got a boolean"),
        (list[int], {"a": 1}, "payload: expected a list, got an object"),
        (list[list[int]], [[1], [2, "x"]], "payload[1][1]: expected an integer, got a string of length 1"),
        (tuple[int, str], [1], "payload: expected a list of 2, got a list"),
        (tuple[int, str], [1, 2], "payload[1]: expected a string, got an integer"),
        (set[Any], [[1]], "payload: expected a list of values that can be hashed, got a list"),
        (dict[str, int], {"a b": "x"}, "payload['a b']: expected an integer, got a string of length 1"),
        (int | str, [], "payload: expected int or str, got a list"),
        (Address | None, {}, "payload has no field 'city'"),
        (Address, [], "payload: expected an object with the fields of Address, got a list"),
        (Address, {"city": "x", "zip": 1}, "payload has an unknown field 'zip' (it takes: city, since)"),
        (
            Person,
            {"name": "x", "addresses": [{"city": 1}]},
            "payload.addresses[0].city: expected a string, got an integer",
        ),
        (Person, {"name": "x", "boss": {}}, "payload.boss has no field 'name'"),
        (Person, {"name": ""}, "payload: Person refused it: a name must not be empty"),
        (Options, 1, "payload: expected an object with the fields of Options, got an integer"),
        (Options, {"width": "x"}, "payload.width: expected an integer, got a string of length 1"),
        (Model, {"when": 1, "tags": ["a", 1]}, "payload.tags[1]: Input should be a valid string (Model)"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(annotation: object, value: object, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        convert(annotation, value)
    assert caught.value.told().startswith(message)


@dataclass
class Unresolvable:
    field: Missing  # type: ignore[name-defined] # noqa: F821 - that is the point


@dataclass
class WithBytes:
    raw: bytes
    extra: InitVar[int] = 0


class Plain:
    pass


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (Plain, "Plain cannot be built from JSON"),
        (bytes, "bytes cannot be built from JSON"),
        (WithBytes, "bytes cannot be built from JSON"),
        (list[Plain], "Plain cannot be built"),
        (dict[int, str], "keys of a JSON object are strings"),
        (Unresolvable, "a field of Unresolvable has an annotation that cannot be resolved: name 'Missing'"),
    ],
)
def test_what_json_cannot_become_is_refused_at_the_declaration(annotation: object, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        compile_conversion(annotation)


def test_pydantic_agrees_on_an_ordinary_dataclass() -> None:
    raw = {"name": "a", "addresses": [{"city": "b", "since": "2026-01-02"}], "boss": None}
    assert convert(Person, raw) == TypeAdapter(Person).validate_python(raw)
