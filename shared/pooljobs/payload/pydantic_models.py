"""Knows pydantic models without importing pydantic: a model can only exist where somebody else has imported it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from pydantic import BaseModel


def is_model_type(annotation: object) -> TypeGuard[type[BaseModel]]:
    """Whether ``annotation`` is a pydantic model class."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)


def is_model(value: object) -> TypeGuard[BaseModel]:
    """Whether ``value`` is an instance of a pydantic model."""
    return is_model_type(type(value))
