"""Errors that pooljobs makes of a payload say where and what kind it is, and never the value: nor do their causes."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, field_validator

from pooljobs import PoolJobs
from pooljobs.errors import PayloadError

SECRET = "hunter2-hunter2"
NUMBER = 8140814081408140


class Colour(Enum):
    RED = "red"


@dataclass
class Account:
    name: int


class Typed(TypedDict):
    name: int


class Model(BaseModel):
    name: int
    when: date = date(2026, 1, 1)


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Owner(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


class Checked(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def _check(cls, value: str) -> str:
        raise ValueError(f"no account has {len(value)} letters")


WRONG: list[tuple[Any, Any]] = [
    *((kind, SECRET) for kind in (int, float, bool, Decimal, date, datetime, time, timedelta, UUID, Colour, Account)),
    *((kind, NUMBER) for kind in (str, date, UUID, Colour, list[int], dict[str, int])),
    (Literal["a", 1], SECRET),
    (int | date, SECRET),
    (list[int], [SECRET]),
    (dict[str, int], {"a": SECRET}),
    (tuple[int, int], [1, SECRET]),
    (Account, {"name": SECRET}),
    (Typed, {"name": SECRET}),
    (Annotated[str, Field(max_length=3)], SECRET),
    (Annotated[int, Field(lt=3)], NUMBER),
    (Model, {"name": SECRET}),
    (Model, {"name": 1, "when": SECRET}),
    (Owner, {"pet": {"kind": SECRET}}),
    (Checked, {"name": SECRET}),
    (Any, {"a": {SECRET}, "b": object()}),
    (Any, {NUMBER: 1}),
    (Any, {SECRET.encode(): 1}),
]


@pytest.mark.hazard(
    "A payload's values, or those of a secret parameter, are kept in errors and logs",
    closed="refusals tell kinds (`shared/pooljobs/convert/mismatch.py`); a run's texts are searched for its secrets "
    "(`shared/pooljobs/job/secret_values.py`), and listings mask them",
    area="output",
)
@pytest.mark.parametrize(("annotation", "value"), WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("way", ["a worker's", "an enqueue's"])
def test_no_value_is_told(annotation: Any, value: Any, way: str) -> None:
    def handler(first: Any, second: int = 0) -> None: ...

    handler.__annotations__["first"] = annotation
    binder = PoolJobs().job(handler).binder
    refused: Callable[[Any], object] = binder.check if way == "a worker's" else binder.encoded
    if way == "a worker's" and annotation is Any:
        pytest.skip("no JSON")
    with pytest.raises(PayloadError) as raised:
        refused({"first": value})
    told = "".join(traceback.format_exception(raised.value))
    assert SECRET not in told
    assert str(NUMBER) not in told


def test_a_validators_own_error_stays_the_cause() -> None:
    app = PoolJobs()

    @app.job
    def send(account: Checked) -> None: ...

    with pytest.raises(PayloadError, match="no account has 15 letters") as raised:
        send.binder.check({"name": SECRET})
    assert isinstance(raised.value.__cause__, ValueError)
    assert "_check" in "".join(traceback.format_exception(raised.value.__cause__))


def test_a_model_with_another_value_than_it_declares_is_refused_without_a_warning_that_shows_it() -> None:
    app = PoolJobs()

    @app.job
    def send(account: Model) -> None: ...

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PayloadError) as raised:
            send.binder.encoded(Model.model_construct(name=SECRET))
    assert SECRET not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("item", [SECRET, NUMBER, [SECRET]])
def test_an_item_that_is_no_object_is_told_by_its_kind(item: object) -> None:
    app = PoolJobs()

    @app.job
    def send(first: int, second: int) -> None: ...

    with pytest.raises(PayloadError, match=r"not (a string of length 15|an integer|a list of length 1)$"):
        send.binder.payload_of_item(item)
