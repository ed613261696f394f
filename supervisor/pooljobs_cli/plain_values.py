"""Spares a command pydantic, by which typer (from 0.29 on) converts values: its import takes longer than all the rest.

What was not given, a text, a choice as it is spelled and a number as Python reads it are taken as what they are. All
else is typer's to convert, and to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

_Process = Callable[[Any, Any], Any]

_CONVERT: Final = object()


def take_plain_values(parameters: Iterable[Any]) -> None:
    """Puts itself before typer's conversion of these, once; nothing to do where typer is older."""
    for each in parameters:
        if hasattr(each, "type_descriptor") and "process_value" not in vars(each):
            each.process_value = partial(_processed, each, each.process_value)


def _processed(parameter: Any, convert: _Process, context: Any, value: Any) -> Any:
    plain = _plain(parameter, value, must_be=parameter.required and not context.resilient_parsing)
    if plain is _CONVERT:
        return convert(context, value)
    return parameter.callback(context, parameter, plain) if parameter.callback else plain


def _plain(parameter: Any, value: Any, *, must_be: bool) -> Any:
    """The value, if it needs no conversion; ``must_be`` is whether typer refuses that there is none."""
    described = parameter.type_descriptor
    if value is None or value in (parameter.default, ()):
        return _CONVERT if must_be else _nothing(parameter, value)
    if described.is_list:
        return value if described.annotation == list[str] else _CONVERT
    if not isinstance(value, str):
        return _CONVERT
    if described.is_choice:
        return value if value in described.choices else _CONVERT
    if described.annotation is str:
        return value
    return _number(described.annotation, value, parameter.min, parameter.max)


def _nothing(parameter: Any, value: Any) -> Any:
    several = parameter.multiple or parameter.nargs == -1
    return () if several and value is None else value


def _number(kind: Any, value: str, least: float | None, most: float | None) -> Any:
    if kind not in (int, float):
        return _CONVERT
    try:
        number = kind(value)
    except ValueError:
        return _CONVERT
    inside = (least is None or least <= number) and (most is None or number <= most)
    return number if inside else _CONVERT
