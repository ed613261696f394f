"""``extra="ignore"``: what nobody takes is passed over, in the handler's own parameters and in dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict

from pooljobs import JobContext, PayloadError, State
from pooljobs.signature.binder import Binder, compile_binder
from pooljobs.signature.inspection import read_signature


@dataclass
class Address:
    city: str


@dataclass
class Person:
    name: str
    address: Address | None = None
    friends: list[Person] = field(default_factory=list)


@dataclass
class Cat:
    name: str


@dataclass
class Dog:
    name: str
    breed: str


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


class Loose(BaseModel):
    name: str


class Mailer:
    pass


def untyped(a, b=2): ...  # type: ignore[no-untyped-def] # noqa: ANN001,ANN201 - the fast path
def exact(a: int, b: str = "") -> None: ...
def converted(day: date) -> None: ...
def by_position(a: int, /, *, b: int = 2) -> None: ...
def injected(a: int, ctx: JobContext, mailer: State[Mailer]) -> None: ...
def rest(a: int, ctx: JobContext, **others: int) -> None: ...
def whole(person: Person) -> None: ...
def annotated(person: Annotated[Person, "whom"]) -> None: ...
def mixed(person: Person, n: int) -> None: ...
def either(pet: Cat | Dog, n: int) -> None: ...
def maybe(pet: Cat | None = None, n: int = 1) -> None: ...
def strict_model(model: Strict) -> None: ...
def loose_model(model: Loose) -> None: ...
def nothing() -> None: ...


def binder(handler: Callable[..., None], *, tolerant: bool = True) -> Binder:
    return compile_binder("send", read_signature(handler, "send", tolerant=tolerant))


@pytest.mark.parametrize(
    ("handler", "payload", "arguments"),
    [
        (untyped, {"a": 1, "c": 3}, ((), {"a": 1})),
        (exact, {"a": 1, "b": "x", "c": 3}, ((), {"a": 1, "b": "x"})),
        (exact, {"c": None, "a": 1}, ((), {"a": 1})),
        (converted, {"day": "2026-01-02", "hour": 3}, ((), {"day": date(2026, 1, 2)})),
        (by_position, {"a": 1, "c": 3}, ((1,), {})),
        (injected, {"a": 1, "ctx": {}, "mailer": "x"}, ((), {"a": 1})),
        (rest, {"a": 1, "b": 2, "ctx": 3}, ((), {"a": 1, "b": 2})),
        (nothing, {"a": 1}, ((), {})),
        (whole, {"name": "x", "age": 3}, ((), {"person": Person("x")})),
        (annotated, {"name": "x", "age": 3}, ((), {"person": Person("x")})),
        (
            whole,
            {"name": "x", "address": {"city": "y", "zip": 1}, "friends": [{"name": "z", "age": 1}]},
            ((), {"person": Person("x", Address("y"), [Person("z")])}),
        ),
        (mixed, {"person": {"name": "x", "age": 3}, "n": 1, "m": 2}, ((), {"person": Person("x"), "n": 1})),
        (either, {"pet": {"name": "x", "breed": "y"}, "n": 1}, ((), {"pet": Dog("x", "y"), "n": 1})),
        (either, {"pet": {"name": "x", "age": 1}, "n": 1}, ((), {"pet": Cat("x"), "n": 1})),
        (maybe, {"pet": {"name": "x", "age": 1}}, ((), {"pet": Cat("x")})),
        (maybe, {"pet": None, "age": 1}, ((), {"pet": None})),
        (loose_model, {"name": "x", "age": 3}, ((), {"model": Loose(name="x")})),
    ],
)
def test_fields_that_nobody_takes_are_passed_over(
    handler: Callable[..., None], payload: dict[str, Any], arguments: object
) -> None:
    given = dict(payload)
    assert binder(handler).check(payload) == arguments
    assert payload == given


@pytest.mark.parametrize(
    ("handler", "payload", "message"),
    [
        (untyped, {"c": 3}, "send: payload has no field 'a'"),
        (exact, {"a": "1", "c": 3}, "send: payload.a: expected an integer, got a string of length 1"),
        (exact, [1], "send: payload: expected an object of keyword arguments, got a list of length 1"),
        (whole, {"name": "x", "address": {"zip": 1}}, "send: payload.address has no field 'city'"),
        (maybe, {"pet": {"breed": "x"}}, "send: payload.pet has no field 'name'"),
        (either, {"pet": {"breed": "x"}, "n": 1}, "send: payload.pet: expected Cat or Dog, got an object"),
        (strict_model, {"name": "x", "age": 1}, "send: payload.age: Extra inputs are not permitted (Strict)"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_all_the_same(
    handler: Callable[..., None], payload: object, message: str
) -> None:
    with pytest.raises(PayloadError) as caught:
        binder(handler).check(payload)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        (untyped, {"a": 1, "c": 3}),
        (exact, {"a": 1, "c": 3}),
        (injected, {"a": 1, "ctx": {}}),
        (whole, {"name": "x", "age": 3}),
        (whole, {"name": "x", "address": {"city": "y", "zip": 1}}),
    ],
)
def test_by_default_they_are_refused(handler: Callable[..., None], payload: object) -> None:
    with pytest.raises(PayloadError, match="unknown field"):
        binder(handler, tolerant=False).check(payload)
