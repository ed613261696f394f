"""Knows pydantic models without importing pydantic: a model can only exist where somebody else has imported it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel


def is_model_type(annotation: object) -> TypeGuard[type[BaseModel]]:
    """Whether ``annotation`` is a pydantic model class."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)


def is_model(value: object) -> TypeGuard[BaseModel]:
    """Whether ``value`` is an instance of a pydantic model."""
    return is_model_type(type(value))


@lru_cache(maxsize=1024)
def names_agree(cls: type[BaseModel]) -> bool:
    """Whether a model, and those in it, read the names that they write. Where not, its fields' own names are stored."""
    return all(map(_names_agree, _models_in(cls, set())))


def _names_agree(cls: type[BaseModel]) -> bool:
    if cls.model_config.get("validate_by_alias") is False:
        return False
    return all(
        field.serialization_alias == (field.validation_alias if field.validation_alias is not None else field.alias)
        for field in cls.model_fields.values()
    )


def _models_in(annotation: Any, seen: set[object]) -> Iterator[type[BaseModel]]:
    if is_model_type(annotation):
        if annotation in seen:
            return
        seen.add(annotation)
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models_in(field.annotation, seen)
    for part in get_args(annotation):
        yield from _models_in(part, seen)
