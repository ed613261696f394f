from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import pytest
from pydantic import BaseModel

from pooljobs import DeclarationError, JobContext, State
from pooljobs.signature.inspection import read_signature

if TYPE_CHECKING:
    from fractions import Fraction


class Mailer:
    pass


@dataclass
class Data:
    to: str


class Typed(TypedDict):
    to: str


class Model(BaseModel):
    to: str


def dataclass_form(mail: Data, mailer: State[Mailer], ctx: JobContext) -> None: ...
def injected_first(ctx: JobContext, mail: Data) -> None: ...
def model_form(mail: Model) -> None: ...
def typed_dict_form(mail: Typed) -> None: ...
def dict_form(mail: dict[str, Any]) -> None: ...
def mapping_form(mail: Mapping[str, int]) -> None: ...
def bare_dict_form(mail: dict) -> None: ...  # type: ignore[type-arg] # users write it so
def annotated_form(mail: Annotated[Data, "doc"]) -> None: ...
def payload_form(payload) -> None: ...  # type: ignore[no-untyped-def] # noqa: ANN001 - users write it so
def payload_str_form(payload: str) -> None: ...


def one_string(path: str) -> None: ...
def two_structures(mail: Data, other: Data) -> None: ...
def payload_and_more(payload: str, more: int) -> None: ...
def payload_and_extras(payload: str, **rest: int) -> None: ...
def optional_structure(mail: Data | None = None) -> None: ...
def nothing() -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        dataclass_form,
        injected_first,
        model_form,
        typed_dict_form,
        dict_form,
        mapping_form,
        bare_dict_form,
        annotated_form,
        payload_form,
        payload_str_form,
    ],
)
def test_one_structure_takes_the_whole_payload(handler: Callable[..., None]) -> None:
    assert read_signature(handler, "h").whole


@pytest.mark.parametrize(
    "handler", [one_string, two_structures, payload_and_more, payload_and_extras, optional_structure, nothing]
)
def test_everything_else_takes_keywords(handler: Callable[..., None]) -> None:
    assert not read_signature(handler, "h").whole


def test_what_is_injected_is_no_payload() -> None:
    found = read_signature(dataclass_form, "h")
    assert [p.name for p in found.payload] == ["mail"]
    assert found.contexts == ("ctx",)
    assert found.states == (("mailer", Mailer),)


def test_a_decorated_handler_is_read_through_its_decorator() -> None:
    @functools.wraps(dataclass_form)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        dataclass_form(*args, **kwargs)

    found = read_signature(wrapped, "h")
    assert (found.whole, found.contexts, found.states) == (True, ("ctx",), (("mailer", Mailer),))


def test_a_local_class_that_the_body_uses_is_found() -> None:
    @dataclass
    class Local:
        x: int

    def handler(mail: Local) -> Local:
        return Local(mail.x)

    assert read_signature(handler, "h").payload[0].annotation is Local


def test_a_return_annotation_need_not_be_resolvable() -> None:
    def handler(x: int) -> Fraction: ...  # type: ignore[empty-body] # never called

    assert [p.name for p in read_signature(handler, "h").payload] == ["x"]


def unresolvable(x: Fraction) -> None: ...
def star(*paths: str) -> None: ...
def second_positional(a: int, b: int, /) -> None: ...
def positional_context(ctx: JobContext, /) -> None: ...
def injected_extras(**rest: State[Mailer]) -> None: ...
def forgot_state(mail: Data, mailer: Mailer) -> None: ...


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (unresolvable, r"^h: cannot resolve the annotation of x: Fraction \(name 'Fraction' is not defined\)"),
        (star, r"^h: \*paths cannot be filled"),
        (second_positional, "^h: b is positional-only"),
        (positional_context, "^h: ctx is positional-only"),
        (injected_extras, r"^h: \*\*rest cannot be injected"),
        (forgot_state, "^h: parameter mailer: Mailer cannot be built from JSON"),
    ],
)
def test_a_handler_that_no_job_could_call_is_refused(handler: Callable[..., None], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        read_signature(handler, "h")
