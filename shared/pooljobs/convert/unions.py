"""Conversions of unions: the member that reads a value is the one that wrote it, or the value is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final

from pooljobs.convert.conversion import Conversion, never
from pooljobs.convert.mismatch import Converter, Mismatch, differs, expected
from pooljobs.convert.once import once, outermost
from pooljobs.convert.scalars import EXACT
from pooljobs.errors import PayloadError
from pooljobs.payload.encoding import decode, encode

_NUMBERS: Final = (bool, int, float)


def union_conversion(members: Sequence[Conversion], told: str, first: Sequence[Conversion] = ()) -> Conversion:
    """The first member that fits, of ``first`` before the others, and null for the one that is None.

    But a number or truth value that is a member's exact type stays as it is, and what several members can read of
    text goes to the one that writes it so.
    """
    others = [member for member in members if type(None) not in member.kinds]
    nullable = len(others) < len(members)
    if len(others) == 1 and not first:
        return _optional(others[0]) if nullable else others[0]
    asked = [_once(member) for member in others]
    kinds = frozenset[type]().union(*(m.kinds for m in members)) if all(m.kinds for m in members) else frozenset()
    return Conversion(
        outermost(_reader([*map(_once, first), *asked], told, nullable=nullable)),
        outermost(lambda sent: (nullable and sent is None) or any(member.owns(sent) for member in asked)),
        same=outermost(_same(asked, nullable=nullable)),
        exact=(lambda sent: type(sent) in kinds) if kinds else never,
        kinds=kinds,
        as_key=any(member.as_key for member in others),
        nested=any(member.nested for member in others),
    )


def _once(member: Conversion) -> Conversion:
    if not member.nested or member.read is None:
        return member
    return dataclasses.replace(member, read=once(member.read), owns=once(member.owns), same=once(member.same))


def _optional(member: Conversion) -> Conversion:
    read, same, exact = member.read, member.same, member.exact

    def read_optional(value: Any) -> Any:
        return value if value is None or read is None else read(value)

    def same_optional(sent: Any, arrived: Any) -> None:
        if sent is not None or arrived is not None:
            same(sent, arrived)

    return dataclasses.replace(
        member,
        read=read_optional,
        owns=lambda sent: sent is None or member.owns(sent),
        same=same_optional,
        exact=lambda sent: sent is None or exact(sent),
        kinds=member.kinds | {type(None)} if member.kinds else frozenset(),
    )


def _reader(members: Sequence[Conversion], told: str, *, nullable: bool) -> Converter:
    reads = [member.read for member in members if member.read is not None]
    as_it_is = frozenset(kind for kind in map(EXACT.get, reads) if kind in _NUMBERS)
    parsed = _parsed(members)

    def read(value: Any) -> Any:
        if (value is None and nullable) or type(value) in as_it_is:
            return value
        for member in parsed:
            try:
                if _written(found := member(value)) == value:
                    return found
            except Mismatch:
                continue
        return _first(reads, value, told)

    return read


def _parsed(members: Sequence[Conversion]) -> list[Converter]:
    """Members that make something else of text or a number, as far as text itself is none: if there are several."""
    found: list[Converter] = []
    for member in members:
        read = member.read
        if read is None or member.nested:
            continue
        if EXACT.get(read) is str:
            break
        if read not in EXACT:
            found.append(read)
    return found if len(found) > 1 else []


def _written(value: object) -> object:
    try:
        return decode(encode(value))
    except PayloadError as error:
        raise Mismatch(f": {error}") from error


def _first(reads: Sequence[Converter], value: Any, told: str) -> Any:
    deepest = expected(told, value)
    for read in reads:
        try:
            return read(value)
        except Mismatch as found:
            if len(found.path) > len(deepest.path):  # the one that got furthest tells most
                deepest = found
    raise deepest


def _same(members: Sequence[Conversion], *, nullable: bool) -> Callable[[Any, Any], None]:
    def same(sent: Any, arrived: Any) -> None:
        if nullable and sent is None and arrived is None:
            return
        owners = [member for member in members if member.owns(sent)]
        deepest = differs(sent, arrived)
        for member in owners or [member for member in members if member.owns(arrived)]:
            try:
                member.same(sent, arrived)
            except Mismatch as found:
                if len(found.path) > len(deepest.path):
                    deepest = found
                continue
            return
        raise deepest

    return same
