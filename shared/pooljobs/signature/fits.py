"""Tells of most payloads, before they are encoded, that the handler will take them: it spares the decoding.

A worker reads a payload from its JSON, so in doubt an enqueue does too. There is no doubt about values of the very
types that JSON has, where the annotation asks for these: they come back as they went. Compiled once a handler; used
by ``binder``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any, Final

from pooljobs.signature.reading import HandlerSignature, PayloadParameter

_EXACT: Final[dict[object, frozenset[type]]] = {
    str: frozenset({str}),
    int: frozenset({int}),
    bool: frozenset({bool}),
    float: frozenset({float, int}),
    None: frozenset({type(None)}),
    type(None): frozenset({type(None)}),
}
_NOTHING: Final[frozenset[type]] = frozenset()


def compile_fits(signature: HandlerSignature) -> Callable[[Any], bool]:
    """A callable that is true of a payload that the handler is certain to take once it could be encoded."""
    if signature.whole:
        return _always if signature.payload[0].convert is None else _never
    if signature.extras:
        return _never
    taken = {parameter.name: _taken(parameter) for parameter in signature.payload}
    required = frozenset(parameter.name for parameter in signature.payload if parameter.required)

    def fits(payload: Any) -> bool:
        if type(payload) is not dict or not required <= payload.keys():
            return False
        for name, value in payload.items():
            kinds = taken.get(name, _NOTHING)
            if kinds is not None and type(value) not in kinds:
                return False
        return True

    return fits


def _always(_payload: Any) -> bool:
    return True


def _never(_payload: Any) -> bool:
    return False


def _taken(parameter: PayloadParameter) -> frozenset[type] | None:
    """Types whose values are certain to be taken; None for all."""
    return None if parameter.convert is None else _exact(parameter.annotation)


def _exact(annotation: object) -> frozenset[type]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [_exact(member) for member in typing.get_args(annotation)]
        return frozenset().union(*members) if all(members) else _NOTHING
    try:
        return _EXACT.get(annotation, _NOTHING)
    except TypeError:  # an annotation need not be hashable
        return _NOTHING
