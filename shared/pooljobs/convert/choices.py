"""Conversions of enumerations and literals: of a few values, each with its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from pooljobs.convert.conversion import Conversion, leaf
from pooljobs.convert.mismatch import expected, refused
from pooljobs.errors import PayloadError
from pooljobs.payload.encoding import decode, encode


def enum_conversion(cls: type[Enum]) -> Conversion | None:
    """By value as it looks in JSON; whatever else the class itself accepts (flags, ``_missing_``) goes too.

    None: no member has a value that JSON could hold.
    """
    members = _by_json((member.value, member) for member in cls)

    def read(value: Any) -> Any:
        member = members.get(_key(value))
        if member is not None:
            return member
        try:
            return cls(value)
        except ValueError:
            raise expected(f"a value of {cls.__qualname__}", value) from None
        except MemoryError:
            raise
        except Exception as error:
            raise refused(cls.__qualname__, error) from error

    if cls.__members__ and not members:
        return None
    return leaf(read, lambda sent: isinstance(sent, cls), as_key=_have_text(members))


def literal_conversion(choices: tuple[Any, ...]) -> Conversion | None:
    """One of ``choices``, told apart by type as well: 1 is not true. None: JSON could hold none of them."""
    members = _by_json((choice, choice) for choice in choices)
    listed = ", ".join(repr(choice) for choice in choices)

    def read(value: Any) -> Any:
        try:
            return members[_key(value)]
        except KeyError:
            raise expected(f"one of {listed}", value) from None

    def owns(sent: Any) -> bool:
        return any(type(sent) is type(choice) and sent == choice for choice in choices)

    return leaf(read, owns, as_key=_have_text(members)) if members else None


def _by_json(given: Iterable[tuple[object, Any]]) -> dict[object, Any]:
    members = {}
    for value, member in given:
        try:
            members[_key(decode(encode(value)))] = member
        except PayloadError:
            continue  # it is refused where it is enqueued
    return members


def _have_text(members: Mapping[Any, Any]) -> bool:
    return any(kind is str for kind, _ in members)


def _key(value: Any) -> object:
    """Hashable, and equal only for JSON values that are the same."""
    return type(value), repr(value) if isinstance(value, list | dict) else value
