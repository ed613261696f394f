"""Annotations that hold themselves, that no value could pass, or that say more than a class: compiled or refused."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, Required, TypedDict, TypeVar

import annotated_types
import pytest
from pydantic import Field, HttpUrl
from typing_extensions import TypeAliasType

from pooljobs import DeclarationError
from pooljobs.convert import Mismatch, compile_conversion

T = TypeVar("T")
Either = TypeVar("Either", int, str)


class Tree(TypedDict, total=False):
    value: Required[int]
    on: date
    children: list[Tree]


class Partly(Tree):
    must: date
    may: NotRequired[date]


@dataclass
class Nesting(Generic[T]):
    value: T
    inner: Nesting[list[T]] | None = None


@dataclass
class Doubling(Generic[T]):
    value: T
    inner: Doubling[tuple[T, T]] | None = None


@dataclass
class Given:
    secret: InitVar[int]
    n: int = 0


class Point(NamedTuple):
    x: int


class Raw(Enum):
    RAW = b"raw"


class Number(Enum):
    ONE = 1


def read(annotation: object, value: object) -> Any:
    reader = compile_conversion(annotation).read
    return value if reader is None else reader(value)


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (Nesting[int], "holds itself with other arguments, without end"),
        (Doubling[int], "holds itself with other arguments, without end"),
        (Given, "Given must be given secret, which is none of its fields"),
        (Point, "Point cannot be built from JSON"),
        (HttpUrl, "HttpUrl cannot be built from JSON"),
        (bytes, "bytes cannot be built from JSON"),
        (Raw, "Raw has no value that JSON could hold"),
        (Literal[b"raw"], "has no value that JSON could hold"),
        (dict[int, str], "keys of a JSON object are strings"),
        (Mapping[Number, str], "keys of a JSON object are strings"),
        (dict[tuple[int, int], str], "keys of a JSON object are strings"),
        ([], "cannot be built from JSON"),
        (TypeAliasType("Unresolved", list["Nowhere"]), "cannot be built from JSON"),  # type: ignore[name-defined] # noqa: F821
    ],
)
def test_what_no_value_could_pass_is_refused(annotation: object, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        compile_conversion(annotation)


def test_a_typed_dict_is_read_field_by_field() -> None:
    tree = {"value": 1, "children": [{"value": 2, "on": "2026-01-02"}]}
    assert read(Tree, tree) == {"value": 1, "children": [{"value": 2, "on": date(2026, 1, 2)}]}
    assert read(Partly, {"value": 1, "must": "2026-01-02"}) == {"value": 1, "must": date(2026, 1, 2)}


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (Tree, {}, "payload has no field 'value'"),
        (
            Tree,
            {"value": 1, "children": [{"value": "x"}]},
            "payload.children[0].value: expected an integer, got a string of length 1",
        ),
        (Tree, {"value": 1, "size": 2}, "payload has an unknown field 'size' (it takes: value, on, children)"),
        (Partly, {"value": 1}, "payload has no field 'must'"),
        (Annotated[int, Field(gt=0)], 0, "payload: Input should be greater than 0 (its annotation)"),
        (list[Annotated[int, annotated_types.Ge(1)]], [1, 0], "payload[1]: Input should be greater than or equal to 1"),
        (dict[Annotated[str, Field(min_length=2)], int], {"a": 1}, "payload.a: String should have at least 2"),
        (Either, 1.5, "payload: expected int or str, got a number"),
    ],
)
def test_what_does_not_fit_is_named(annotation: object, value: object, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        read(annotation, value)
    assert caught.value.told().startswith(message)


def test_constraints_that_nobody_would_check_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    with pytest.raises(DeclarationError, match="need pydantic") as caught:
        compile_conversion(Annotated[int, annotated_types.Gt(0)])
    assert "pooljobs[pydantic]" in (caught.value.hint or "")


def test_a_remark_is_no_constraint() -> None:
    assert read(Annotated[date, "when", {"unit": "day"}], "2026-01-02") == date(2026, 1, 2)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no type statement before 3.12")
def test_a_type_statement_may_hold_itself_within_something() -> None:
    names: dict[str, Any] = {"date": date}
    exec("type Nest = dict[str, Nest] | list[Nest] | date | int", names)
    exec("type Of[X] = list[Of[X]] | X", names)
    assert read(names["Nest"], {"a": [1, "2026-01-02", {}]}) == {"a": [1, date(2026, 1, 2), {}]}
    assert read(names["Of"][date], [["2026-01-02"], []]) == [[date(2026, 1, 2)], []]
    with pytest.raises(Mismatch):
        read(names["Nest"], [[[1.5]]])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no type statement before 3.12")
@pytest.mark.parametrize(
    "statement", ["type It = It", "type It = It | int", "type It = 'It | list[It]'", "type It = list[Oh]"]
)
def test_a_type_statement_that_means_nothing_is_refused(statement: str) -> None:
    names: dict[str, Any] = {}
    exec(statement, names)
    with pytest.raises(DeclarationError):
        compile_conversion(names["It"])
