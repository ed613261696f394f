"""Converters of single values: primitives, times, identifiers, enumerations and literals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import MappingProxyType, NoneType
from typing import Any, Final
from uuid import UUID

from pooljobs.convert.mismatch import Converter, expected
from pooljobs.payload.encoding import decode, encode


def _null(value: Any) -> None:
    if value is not None:
        raise expected("null", value)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise expected("a string", value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise expected("true or false", value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise expected("an integer", value)


def _number(value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise expected("a number within a float's range", value) from None
    raise expected("a number", value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            pass  # told below, with what was expected
    raise expected("a decimal number", value)


def _duration(value: Any) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return timedelta(seconds=value)
        except OverflowError:
            pass  # told below, with what was expected
    raise expected("a number of seconds", value)


def _parsed(parse: Callable[[str], Any], what: str) -> Converter:
    def convert(value: Any) -> Any:
        if isinstance(value, str):
            try:
                return parse(value)
            except ValueError:
                pass  # told below, with what was expected
        raise expected(what, value)

    return convert


SCALARS: Final[Mapping[object, Converter]] = MappingProxyType(
    {
        None: _null,
        NoneType: _null,
        str: _string,
        bool: _boolean,
        int: _integer,
        float: _number,
        Decimal: _decimal,
        timedelta: _duration,
        datetime: _parsed(datetime.fromisoformat, "a date and time in ISO 8601"),
        date: _parsed(date.fromisoformat, "a date in ISO 8601"),
        time: _parsed(time.fromisoformat, "a time in ISO 8601"),
        UUID: _parsed(UUID, "a UUID"),
    }
)

EXACT: Final[Mapping[Converter, type]] = MappingProxyType(
    {_null: NoneType, _string: str, _boolean: bool, _integer: int, _number: float}
)
"""Converters that give back, as it is, whatever is exactly of this type."""


def enum_converter(cls: type[Enum]) -> Converter:
    """By value as it looks in JSON; whatever else the class itself accepts (flags, ``_missing_``) goes too."""
    members = {_json_key(member.value): member for member in cls}

    def convert(value: Any) -> Any:
        member = members.get(_key(value))
        if member is not None:
            return member
        try:
            return cls(value)
        except ValueError:
            raise expected(f"a value of {cls.__qualname__}", value) from None

    return convert


def literal_converter(choices: tuple[Any, ...]) -> Converter:
    """One of ``choices``, told apart by type as well: 1 is not true."""
    members = {_json_key(choice): choice for choice in choices}
    listed = ", ".join(repr(choice) for choice in choices)

    def convert(value: Any) -> Any:
        try:
            return members[_key(value)]
        except KeyError:
            raise expected(f"one of {listed}", value) from None

    return convert


def _json_key(value: object) -> object:
    return _key(decode(encode(value)))


def _key(value: Any) -> object:
    """Hashable, and equal only for JSON values that are the same."""
    return type(value), repr(value) if isinstance(value, list | dict) else value
