"""Compares two values whose parts have no conversions of their own, as those of a pydantic model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from pooljobs.convert.conversion import equal
from pooljobs.convert.mismatch import Mismatch, differs
from pooljobs.payload.path import at_key
from pooljobs.payload.pydantic_models import is_model


def same_deep(sent: Any, arrived: Any) -> None:
    """Raises ``Mismatch`` unless both are equal and each part is of the same class."""
    if type(sent) is not type(arrived):
        raise differs(sent, arrived)
    parts = _parts(sent, arrived)
    if parts is None:
        if not equal(sent, arrived) or (isinstance(sent, set | frozenset) and _classes(sent) != _classes(arrived)):
            raise differs(sent, arrived)
        return
    for step, part, other in parts:
        try:
            same_deep(part, other)
        except Mismatch as found:
            raise found.under(step) from None


def _parts(sent: Any, arrived: Any) -> Iterator[tuple[str, Any, Any]] | None:
    """Parts side by side; None where there are none to be compared one by one."""
    if isinstance(sent, dict):
        if sent.keys() != arrived.keys():
            raise differs(sent, arrived)
        return ((at_key(str(key)), part, arrived[key]) for key, part in sent.items())
    if isinstance(sent, list | tuple):
        if len(sent) != len(arrived):
            raise differs(sent, arrived)
        return ((f"[{at}]", part, other) for at, (part, other) in enumerate(zip(sent, arrived, strict=True)))
    if is_model(sent):
        return _parts(_inside(sent), _inside(arrived))
    if dataclasses.is_dataclass(sent):
        names = [field.name for field in dataclasses.fields(sent)]
        return ((at_key(name), getattr(sent, name), getattr(arrived, name)) for name in names)
    return None


def _inside(model: Any) -> dict[str, Any]:
    """All that a model holds: its fields, extra ones, private attributes. What it has computed is not part of it."""
    fields = {name: value for name, value in vars(model).items() if name in type(model).model_fields}
    return {**fields, **(model.__pydantic_extra__ or {}), **(model.__pydantic_private__ or {})}


def _classes(values: Any) -> set[type]:
    return set(map(type, values))
