"""What Python values look like in JSON, where orjson does not know it. Used by ``payload`` and ``payload_faults``."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from pooljobs.payload.pydantic_models import is_model


def json_value(value: Any) -> object:
    """What orjson cannot encode by itself. Raises TypeError for what nobody can."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _field_names(type(value))}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, float):  # a subclass, as numpy's
        return float(value)
    if is_model(value):
        return value.model_dump(mode="json", by_alias=True, round_trip=True)
    raise TypeError(f"a value of type {type(value).__qualname__} cannot be stored as JSON")


@lru_cache(maxsize=1024)
def _field_names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))
