"""Names of what a handler takes and of what a payload has, side by side, for people: bounded, and never a value."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable
from typing import Any, Final, get_args, get_origin

from pooljobs.payload.path import short_name
from pooljobs.payload.pydantic_models import is_model_type
from pooljobs.signature.reading import HandlerSignature

MOST_NAMES: Final = 30
"""Fields that are named; of the others the number is told."""

_KINDS: Final = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
}


def names_of_payload(payload: object) -> str:
    """The fields of a decoded payload; of what has none, what it is."""
    if isinstance(payload, dict):
        return _listed(payload)
    return f"no fields: it is {_KINDS.get(type(payload), 'no object')}"


def names_of_handler(signature: HandlerSignature) -> str:
    """The fields that a handler takes."""
    if signature.whole:
        return _of_annotation(signature.payload[0].annotation)
    names = _listed(parameter.name for parameter in signature.payload)
    return f"{names}, and any other" if signature.extra is not None else names


def _of_annotation(annotation: Any) -> str:
    while get_origin(annotation) is typing.Annotated:
        annotation = get_args(annotation)[0]
    cls = get_origin(annotation) or annotation
    if is_model_type(cls):
        return _listed(field.alias or name for name, field in cls.model_fields.items())
    if dataclasses.is_dataclass(cls):
        return _listed(field.name for field in dataclasses.fields(cls) if field.init)
    return _listed(sorted(cls.__required_keys__ | cls.__optional_keys__)) if typing.is_typeddict(cls) else "any fields"


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(short_name(name) for name in listed[:MOST_NAMES])
    return (f"{shown} and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else shown) or "no fields"
