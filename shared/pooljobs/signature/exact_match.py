"""Tells of most payloads, before they are read back, that the handler will take them as they are.

A worker reads a payload from its JSON, so in doubt an enqueue does too, and compares. There is no doubt about values
of the very types that JSON has, nor about those of which it was proved at the declaration. Compiled once a handler;
used by ``binder``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pooljobs.convert.conversion import ANYTHING, never
from pooljobs.signature.inspection import HandlerSignature

_NOTHING: Final[frozenset[type]] = frozenset()


def compile_fits(signature: HandlerSignature) -> Callable[[Any], bool]:
    """A callable that is true of a payload that will arrive as it is, once it could be encoded."""
    if signature.whole:
        whole = signature.payload[0].conversion
        return never if whole is ANYTHING else whole.exact  # to read it back is as fast
    if signature.extra is not None:
        return never
    kinds = {p.name: p.conversion.kinds for p in signature.payload}
    exact = {p.name: p.conversion.exact for p in signature.payload}
    required = frozenset(parameter.name for parameter in signature.payload if parameter.required)

    def fits(payload: Any) -> bool:
        if type(payload) is not dict or not required <= payload.keys():
            return False
        for name, value in payload.items():
            if type(value) not in kinds.get(name, _NOTHING) and not exact.get(name, never)(value):
                return False
        return True

    return fits
