"""Converters of lists, tuples, sets, mappings and unions, made from the converters of what they hold.

A converter of None means that any JSON value goes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pooljobs.convert.mismatch import Converter, Mismatch, expected
from pooljobs.payload.path import at_key


def list_converter(item: Converter | None, build: Callable[[list[Any]], Any] | None = None) -> Converter:
    """A list whose items all fit ``item``; ``build`` makes a tuple or a set of it."""

    def convert(value: Any) -> Any:
        if not isinstance(value, list):
            raise expected("a list", value)
        items = value if item is None else _converted(item, value)
        return items if build is None else _built(build, items)

    return convert


def tuple_converter(items: Sequence[Converter | None]) -> Converter:
    """A list of fixed length, each place with a converter of its own."""

    def convert(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(items):
            raise expected(f"a list of {len(items)}", value)
        return tuple(_one(item, part, at) for at, (item, part) in enumerate(zip(items, value, strict=True)))

    return convert


def mapping_converter(key: Converter | None, item: Converter | None) -> Converter:
    """An object whose keys and values all fit."""

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            raise expected("an object", value)
        if key is None and item is None:
            return value
        return {_one(key, name, name): _one(item, part, name) for name, part in value.items()}

    return convert


def union_converter(members: Sequence[tuple[object, Converter]], told: str) -> Converter:
    """The first member that fits; but a number or truth value that is a member's exact type stays as it is."""
    exact = frozenset(member for member, _ in members if member in (int, float, bool))
    nullable = any(member is type(None) for member, _ in members)
    others = [convert for member, convert in members if member is not type(None)]
    only = others[0] if len(others) == 1 else None

    def convert(value: Any) -> Any:
        if (value is None and nullable) or type(value) in exact:
            return value
        if only is not None:
            return only(value)
        for member in others:
            try:
                return member(value)
            except Mismatch:
                continue
        raise expected(told, value)

    return convert


def _converted(item: Converter, values: list[Any]) -> list[Any]:
    try:
        return [item(value) for value in values]
    except Mismatch:
        return [_one(item, value, at) for at, value in enumerate(values)]  # again, to say which one it was


def _one(item: Converter | None, value: Any, step: int | str) -> Any:
    if item is None:
        return value
    try:
        return item(value)
    except Mismatch as found:
        raise found.under(f"[{step}]" if isinstance(step, int) else at_key(step)) from None


def _built(build: Callable[[list[Any]], Any], items: list[Any]) -> Any:
    try:
        return build(items)
    except TypeError:
        raise expected("a list of values that can be hashed", items) from None
