"""Names of what a handler takes and of what a payload has, side by side, for people: bounded, and never a value."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Collection, Iterable
from typing import Any, Final, get_args, get_origin

from pooljobs.errors import DeclarationError
from pooljobs.payload.path import short_name
from pooljobs.payload.pydantic_models import is_model_type
from pooljobs.signature.inspection import HandlerSignature

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
    names = _names(signature)
    if names is None:
        return "any fields"
    return f"{_listed(names)}, and any other" if signature.extra is not None else _listed(names)


def secret_fields(job_type: str, signature: HandlerSignature, secret: Collection[str]) -> frozenset[str]:
    """These fields, and the other names that a pydantic model has for them.

    Raises:
        DeclarationError: One of them is no field of the handler's payload: a misspelt name would hide nothing.
    """
    names = _names(signature)
    same = _same_field(signature)
    for name in secret:
        if names is not None and signature.extra is None and name not in names and name not in same:
            hint = f"its payload has: {_listed(names)}"
            raise DeclarationError(f"{job_type}: secret names {short_name(name)}, which is no field of it", hint=hint)
    return frozenset(secret).union(*(same.get(name, ()) for name in secret))


def payload_fields(signature: HandlerSignature) -> list[str] | None:
    """The names of what stands in the handler's payloads; None: any."""
    return None if signature.extra is not None else _names(signature)


def _same_field(signature: HandlerSignature) -> dict[str, tuple[str, ...]]:
    """All names of a model's field by each of them."""
    cls = _class_of(signature.payload[0].annotation) if signature.whole else None
    same: dict[str, tuple[str, ...]] = {}
    for name, field in cls.model_fields.items() if is_model_type(cls) else ():
        aliases = (name, field.alias, field.validation_alias, field.serialization_alias)
        spelled = tuple(alias for alias in aliases if isinstance(alias, str))
        same |= dict.fromkeys(spelled, spelled)
    return same


def _names(signature: HandlerSignature) -> list[str] | None:
    """None: any."""
    if signature.whole:
        return _of_annotation(signature.payload[0].annotation)
    return [parameter.name for parameter in signature.payload]


def _class_of(annotation: Any) -> Any:
    while get_origin(annotation) is typing.Annotated:
        annotation = get_args(annotation)[0]
    return get_origin(annotation) or annotation


def _of_annotation(annotation: Any) -> list[str] | None:
    cls = _class_of(annotation)
    if is_model_type(cls):
        return [field.alias or name for name, field in cls.model_fields.items()]
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls) if field.init]
    return sorted(cls.__required_keys__ | cls.__optional_keys__) if typing.is_typeddict(cls) else None


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(short_name(name) for name in listed[:MOST_NAMES])
    return (f"{shown} and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else shown) or "no fields"
