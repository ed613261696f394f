"""Compiles the part of a handler's arguments that comes from the payload. Used by ``binder``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from pooljobs.convert.mismatch import Mismatch, expected, unknown
from pooljobs.convert.scalars import EXACT
from pooljobs.convert.structures import FieldTable
from pooljobs.errors import PayloadError
from pooljobs.payload.path import at_key
from pooljobs.signature.reading import HandlerSignature

Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and keyword arguments."""

ReadPayload: TypeAlias = Callable[[Any], Arguments]
_Fields: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]


def compile_payload_reader(job_type: str, signature: HandlerSignature) -> ReadPayload:
    """A callable from a decoded payload to arguments. It raises PayloadError where the payload does not fit."""
    read = _whole(job_type, signature) if signature.whole else _keywords(job_type, signature)
    if signature.payload and signature.payload[0].positional_only:
        return _first_by_position(signature.payload[0].name, read)
    return read


def refuse(job_type: str, found: Mismatch) -> NoReturn:
    """Raise what was found as a PayloadError of that job type."""
    raise PayloadError(f"{job_type}: {found.told()}") from found.__cause__


def _first_by_position(name: str, convert: ReadPayload) -> ReadPayload:
    def by_position(payload: Any) -> Arguments:
        _, kwargs = convert(payload)
        rest = {key: value for key, value in kwargs.items() if key != name}
        return ((kwargs[name],) if name in kwargs else ()), rest

    return by_position


def _whole(job_type: str, signature: HandlerSignature) -> ReadPayload:
    name, convert = signature.payload[0].name, signature.payload[0].convert
    if convert is None:
        return lambda payload: ((), {name: payload})

    def converted(payload: Any) -> Arguments:
        try:
            return (), {name: convert(payload)}
        except Mismatch as found:
            refuse(job_type, found)

    return converted


def _keywords(job_type: str, signature: HandlerSignature) -> ReadPayload:
    table = FieldTable(
        {p.name: p.convert for p in signature.payload},
        frozenset(p.name for p in signature.payload if p.required),
        tolerant=signature.tolerant,
    )
    if signature.extras:
        return _told(job_type, _with_extras(table, signature))
    if not any(table.converters.values()):
        return _names_only(job_type, table)
    if all(convert is None or convert in EXACT for convert in table.converters.values()):
        return _types_only(job_type, table)
    return _told(job_type, table.converted)


def _names_only(job_type: str, table: FieldTable) -> ReadPayload:
    required, known = table.required, frozenset(table.converters)
    slow = _told(job_type, table.converted)

    def accept(payload: Any) -> Arguments:
        if type(payload) is dict and required <= payload.keys() <= known:
            return (), payload
        return slow(payload)  # which says what is wrong

    return accept


def _types_only(job_type: str, table: FieldTable) -> ReadPayload:
    """Most payloads hold what their annotations say to the letter: then there is nothing to build, only to look at."""
    exact = {name: EXACT[convert] for name, convert in table.converters.items() if convert is not None}
    anything = table.converters.keys() - exact.keys()
    required, all_there = table.required, len(table.converters)
    slow = _told(job_type, table.converted)

    def accept(payload: Any) -> Arguments:
        if type(payload) is not dict:
            return slow(payload)
        for name, value in payload.items():
            if type(value) is not exact.get(name) and name not in anything:
                return slow(payload)  # which converts it, or says what is wrong
        if len(payload) == all_there or required <= payload.keys():
            return (), payload
        return slow(payload)

    return accept


def _with_extras(table: FieldTable, signature: HandlerSignature) -> _Fields:
    injected = {*signature.contexts, *(name for name, _ in signature.states)}
    convert_extra, tolerant = signature.convert_extra, signature.tolerant

    def convert(payload: dict[str, Any]) -> dict[str, Any]:
        fields = table.converted({name: value for name, value in payload.items() if name in table.converters})
        for name, value in payload.items():
            if name in table.converters:
                continue
            if name in injected:
                if tolerant:
                    continue
                raise unknown(name, table.converters)
            try:
                fields[name] = value if convert_extra is None else convert_extra(value)
            except Mismatch as found:
                raise found.under(at_key(name)) from None
        return fields

    return convert


def _told(job_type: str, convert: _Fields) -> ReadPayload:
    def told(payload: Any) -> Arguments:
        try:
            if not isinstance(payload, dict):
                raise expected("an object of keyword arguments", payload)
            return (), convert(payload)
        except Mismatch as found:
            refuse(job_type, found)

    return told
