"""Compiles the part of a handler's arguments that comes from the payload. Used by ``binder``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from pooljobs.convert.conversion import Conversion
from pooljobs.convert.field_table import FieldTable
from pooljobs.convert.mismatch import Mismatch, expected, unknown
from pooljobs.convert.scalars import EXACT
from pooljobs.errors import PayloadError
from pooljobs.job.error_text import said
from pooljobs.payload.path import at_key
from pooljobs.signature.inspection import HandlerSignature

Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and keyword arguments."""

ReadPayload: TypeAlias = Callable[[Any], Arguments]
_Fields: TypeAlias = Callable[[Any], dict[str, Any]]


def compile_payload_reader(job_type: str, signature: HandlerSignature) -> ReadPayload:
    """A callable from a decoded payload to arguments. It raises PayloadError where the payload does not fit."""
    read = _whole(job_type, signature) if signature.whole else _keywords(job_type, signature)
    if signature.payload and signature.payload[0].positional_only:
        return _first_by_position(signature.payload[0].name, read)
    return read


def refuse(job_type: str, found: Mismatch) -> NoReturn:
    """Raise what was found as a PayloadError of that job type."""
    raise PayloadError(f"{job_type}: {found.told()}") from found.__cause__


def fallen(error: Exception) -> Mismatch:
    """What a class of the user's raised where nobody expects it, as in its ``__eq__``; or too deep a payload."""
    deep = isinstance(error, RecursionError)
    found = Mismatch(": nested too deeply to be read" if deep else f": {said(error)}")
    found.__cause__ = error
    return found


def _first_by_position(name: str, convert: ReadPayload) -> ReadPayload:
    def by_position(payload: Any) -> Arguments:
        _, kwargs = convert(payload)
        rest = {key: value for key, value in kwargs.items() if key != name}
        return ((kwargs[name],) if name in kwargs else ()), rest

    return by_position


def _whole(job_type: str, signature: HandlerSignature) -> ReadPayload:
    name, read = signature.payload[0].name, signature.payload[0].conversion.read
    if read is None:
        return lambda payload: ((), {name: payload})
    return _told(job_type, lambda payload: {name: read(payload)})


def _keywords(job_type: str, signature: HandlerSignature) -> ReadPayload:
    table = FieldTable(
        {p.name: p.conversion for p in signature.payload},
        frozenset(p.name for p in signature.payload if p.required),
        tolerant=signature.tolerant,
    )
    if signature.extra is not None:
        return _told(job_type, _of_object(_with_extras(table, signature.extra, signature)))
    reads = [conversion.read for conversion in table.fields.values()]
    if not any(reads):
        return _names_only(job_type, table)
    if all(read is None or read in EXACT for read in reads):
        return _types_only(job_type, table)
    return _told(job_type, _of_object(table.read))


def _names_only(job_type: str, table: FieldTable) -> ReadPayload:
    required, known = table.required, frozenset(table.fields)
    slow = _told(job_type, _of_object(table.read))

    def accept(payload: Any) -> Arguments:
        if type(payload) is dict and required <= payload.keys() <= known:
            return (), payload
        return slow(payload)  # which says what is wrong

    return accept


def _types_only(job_type: str, table: FieldTable) -> ReadPayload:
    """Most payloads hold what their annotations say to the letter: then there is nothing to build, only to look at."""
    exact = {name: EXACT[field.read] for name, field in table.fields.items() if field.read is not None}
    anything = table.fields.keys() - exact.keys()
    required, all_there = table.required, len(table.fields)
    slow = _told(job_type, _of_object(table.read))

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


def _with_extras(table: FieldTable, extra: Conversion, signature: HandlerSignature) -> _Fields:
    injected = signature.injected

    def read(payload: dict[str, Any]) -> dict[str, Any]:
        fields = table.read({name: value for name, value in payload.items() if name in table.fields})
        for name, value in payload.items():
            if name in table.fields:
                continue
            if name in injected:
                if signature.tolerant:
                    continue
                raise unknown(name, table.fields)
            try:
                fields[name] = value if extra.read is None else extra.read(value)
            except Mismatch as found:
                raise found.under(at_key(name)) from None
        return fields

    return read


def _of_object(read: _Fields) -> _Fields:
    def of_object(payload: Any) -> dict[str, Any]:
        if not isinstance(payload, dict):
            raise expected("an object of keyword arguments", payload)
        return read(payload)

    return of_object


def _told(job_type: str, read: _Fields) -> ReadPayload:
    def told(payload: Any) -> Arguments:
        try:
            return (), read(payload)
        except Mismatch as found:
            refuse(job_type, found)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # a class of the user's may raise anything
            refuse(job_type, fallen(error))

    return told
