"""Finds the part of a payload that cannot be stored. Called by ``payload.encode`` when its output smells."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from uuid import UUID

from pooljobs.job.error_text import said
from pooljobs.payload.json_values import json_value, key_text
from pooljobs.payload.path import at_key, quoted, short_path

_DEEPEST: Final = 254  # orjson's own limit
_SMALLEST_INT: Final = -(2**63)
_LARGEST_INT: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """Where it is (``.user.tags[2]``), why it cannot be stored, and what to do instead."""

    path: str
    reason: str
    hint: str | None = None


class _FaultFoundError(Exception):
    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.steps: list[str] = []


def find_fault(value: object) -> InvalidValue | None:
    """The first fault of ``value``, or None."""
    try:
        _walk(value, 0)
    except _FaultFoundError as found:
        return InvalidValue(short_path("".join(reversed(found.steps))), found.reason, found.hint)
    return None


def _walk(value: object, depth: int) -> None:
    if depth > _DEEPEST:
        raise _FaultFoundError(f"nested deeper than {_DEEPEST} levels, or contains itself")
    if isinstance(value, Enum):
        _walk(value.value, depth)
    elif value is None or isinstance(value, bool | UUID):
        return
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int):
        _check_integer(value)
    elif type(value) is float:
        _check_number(value)
    elif isinstance(value, dict | list) or type(value) is tuple:
        _walk_parts(_parts(value), depth)
    else:
        _walk(_defaulted(value), depth + 1)


def _walk_parts(parts: Iterator[tuple[str, object]], depth: int) -> None:
    for step, part in parts:
        try:
            _walk(part, depth + 1)
        except _FaultFoundError as found:
            found.steps.append(step)
            raise


def _parts(value: Any) -> Iterator[tuple[str, object]]:
    if not isinstance(value, dict):
        yield from ((f"[{at}]", part) for at, part in enumerate(value))
        return
    written = set[str]()
    for key, part in value.items():
        text = key_text(key)
        if text is None:
            raise _FaultFoundError(f"a key is of type {type(key).__qualname__}; keys of a JSON object are strings")
        if text in written:
            raise _FaultFoundError(f"two keys are both written as {quoted(text)}")
        written.add(text)
        _check_text(text)
        yield at_key(text), part


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _FaultFoundError("contains a NUL character, which PostgreSQL cannot store in jsonb")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _FaultFoundError("contains half of a surrogate pair, which is no text in UTF-8") from None


def _check_integer(number: int) -> None:
    if not _SMALLEST_INT <= number <= _LARGEST_INT:
        raise _FaultFoundError("an integer beyond 64 bits", "pass it as a string")


def _check_number(number: float) -> None:
    if not math.isfinite(number):
        raise _FaultFoundError(f"{number} is not a JSON number", "pass None or a string")


def _defaulted(value: object) -> object:
    try:
        return json_value(value)
    except MemoryError:
        raise
    except Exception as error:
        hint = "pass a list" if isinstance(value, tuple) else None
        hint = "pass a string, for example in base64" if isinstance(value, bytes | bytearray | memoryview) else hint
        raise _FaultFoundError(said(error), hint) from error
