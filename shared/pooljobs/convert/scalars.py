"""Converters of single values: primitives, times, identifiers, enumerations and literals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from types import MappingProxyType, NoneType
from typing import Any, Final
from uuid import UUID

from pooljobs.convert.conversion import Conversion, leaf, never
from pooljobs.convert.mismatch import Converter, expected


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


def _scalar(
    cls: type,
    read: Converter,
    exact: Callable[[Any], bool] = never,
    *,
    kinds: frozenset[type] = frozenset(),
    as_key: bool = False,
) -> Conversion:
    other = {int: bool, date: datetime}.get(cls)  # each value of which is one of ``cls`` too

    def owns(sent: Any) -> bool:
        return isinstance(sent, cls) and not (other is not None and isinstance(sent, other))

    return leaf(read, owns, exact, kinds=kinds, as_key=as_key)


def _exactly(cls: type) -> Callable[[Any], bool]:
    return lambda sent: type(sent) is cls


def _at_fixed_offset(sent: Any) -> bool:
    """Not of a time zone by name: a moment in its fold equals nothing that is written otherwise (PEP 495)."""
    return type(sent) is datetime and (sent.tzinfo is None or type(sent.tzinfo) is timezone)


_WHOLE: Final = 2**53  # up to here each integer is a float
_FLOAT: Final = leaf(
    _number,
    lambda sent: isinstance(sent, int | float) and not isinstance(sent, bool),
    lambda sent: type(sent) is int and -_WHOLE <= sent <= _WHOLE,
    kinds=frozenset({float}),
)
_NULL: Final = _scalar(NoneType, _null, kinds=frozenset({NoneType}))

SCALARS: Final[Mapping[object, Conversion]] = MappingProxyType(
    {
        None: _NULL,
        NoneType: _NULL,
        str: _scalar(str, _string, kinds=frozenset({str}), as_key=True),
        bool: _scalar(bool, _boolean, kinds=frozenset({bool})),
        int: _scalar(int, _integer, kinds=frozenset({int})),
        float: _FLOAT,
        Decimal: _scalar(Decimal, _decimal, as_key=True),
        timedelta: _scalar(timedelta, _duration),
        datetime: _scalar(
            datetime, _parsed(datetime.fromisoformat, "a date and time in ISO 8601"), _at_fixed_offset, as_key=True
        ),
        date: _scalar(date, _parsed(date.fromisoformat, "a date in ISO 8601"), _exactly(date), as_key=True),
        time: _scalar(time, _parsed(time.fromisoformat, "a time in ISO 8601"), as_key=True),
        UUID: _scalar(UUID, _parsed(UUID, "a UUID"), _exactly(UUID), as_key=True),
    }
)

EXACT: Final[Mapping[Converter, type]] = MappingProxyType(
    {_null: NoneType, _string: str, _boolean: bool, _integer: int, _number: float}
)
"""Converters that give back, as it is, whatever is exactly of this type."""
