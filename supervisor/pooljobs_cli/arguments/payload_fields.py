"""Makes a payload of fields that are given one by one: ``name=Ada``, or with JSON ``times:=3``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pooljobs.errors import PayloadError
from pooljobs.payload.encoding import decode

_HINT = "name=Ada gives text, times:=3 anything in JSON; quote what has spaces for the shell"


def payload_of(fields: Sequence[str]) -> dict[str, Any]:
    """The payload with these fields.

    >>> payload_of(["name=Ada", "times:=3", "note=a=b"])
    {'name': 'Ada', 'times': 3, 'note': 'a=b'}

    Raises:
        PayloadError: One is no field, is given twice, or its JSON is none.
    """
    payload: dict[str, Any] = {}
    for field in fields:
        name, equals, text = field.partition("=")
        name, is_json = (name[:-1], True) if name.endswith(":") else (name, False)
        if not equals or not name:
            raise PayloadError(f"{field!r} is no field of a payload", hint=_HINT)
        if name in payload:
            raise PayloadError(f"the field {name!r} is given twice")
        payload[name] = _json(name, text) if is_json else text
    return payload


def _json(name: str, text: str) -> Any:
    try:
        return decode(text.encode("utf-8", "surrogateescape"))
    except PayloadError as error:
        raise PayloadError(f"{name}: {error}", hint=f"for text write {name}={text}") from error
