"""What Python values look like in JSON, where orjson does not know it. Used by ``payload`` and ``payload_faults``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson

from pooljobs.payload.pydantic_models import is_model, names_agree

_SORTED: Final = frozenset((str, int, UUID, date))
"""Types that have an order of all of their values, and the same in each process."""


def _in_order(values: set[Any] | frozenset[Any]) -> list[Any]:
    """The same list of equal sets, in each process: jobs are unique by what is written, and a set has no order."""
    kinds = set(map(type, values))
    if len(kinds) == 1 and kinds <= _SORTED:
        return sorted(values)
    try:
        return sorted(values, key=lambda value: orjson.dumps(with_text_keys(value)))
    except (TypeError, RecursionError):  # one of them is no JSON, which is told of that one
        return list(values)


_WRITERS: Final[tuple[tuple[tuple[type, ...], Callable[[Any], object]], ...]] = (
    ((Decimal, UUID), str),
    ((float,), float),  # a subclass, as numpy's
    ((set, frozenset), _in_order),
)


def json_value(value: Any) -> object:
    """What orjson cannot encode by itself. Raises TypeError for what nobody can."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _field_names(type(value))}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_model(value):
        return value.model_dump(mode="json", by_alias=names_agree(type(value)), round_trip=True, warnings=False)
    for classes, write in _WRITERS:
        if isinstance(value, classes):
            return write(value)
    raise TypeError(f"a value of type {type(value).__qualname__} cannot be stored as JSON")


def key_text(key: object) -> str | None:
    """What a key of a mapping looks like in JSON; None where it is nothing that can be read from text again."""
    if isinstance(key, Enum):
        return key_text(key.value)
    if isinstance(key, str):
        return str(key)
    return str(json_value(key)) if isinstance(key, date | time | Decimal | UUID) else None


def with_text_keys(value: Any) -> Any:
    """``value`` as dicts with text for keys, lists, and what has no parts: for what orjson would refuse."""
    if isinstance(value, Enum):
        return with_text_keys(value.value)
    if isinstance(value, dict):
        return {key_text(key): with_text_keys(part) for key, part in value.items()}
    if isinstance(value, list) or type(value) is tuple:
        return [with_text_keys(part) for part in value]
    return value if value is None or isinstance(value, str | int | float | UUID) else with_text_keys(json_value(value))


@lru_cache(maxsize=1024)
def _field_names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))
