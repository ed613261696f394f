"""A JSON document as PostgreSQL writes its ``jsonb``: of equal documents one text, in Python and in SQL.

Keys are sorted by their length in UTF-8, then by their bytes; the last of equal ones counts; numbers are written out,
with the zeros that were given behind the point.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final

import orjson

_PLAIN: Final = frozenset((str, int, bool, type(None)))
"""Types of which orjson gives what is written, whatever that is: it rounds other numbers, to a float."""

_WORDS: Final = {True: "true", False: "false", None: "null"}


def parsed(document: bytes) -> Any:
    """The document; unless it is names with plain values, with its numbers as they are written: ``Decimal``."""
    try:
        value = orjson.loads(document)
    except orjson.JSONDecodeError:
        value = None  # the standard library takes more
    if type(value) is dict and _PLAIN.issuperset(map(type, value.values())):
        return value
    return json.loads(document, parse_float=Decimal, parse_int=Decimal)


def jsonb_text(value: Any) -> str:
    """A parsed document as ``jsonb::text`` has it."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return str(value)
    if kind is dict:
        pairs = []
        for name, before in _ordered(tuple(value)):
            one = value[name]  # mostly an int, which needs no call
            pairs.append(f"{before}{one if type(one) is int else jsonb_text(one)}")
        return f"{{{', '.join(pairs)}}}"
    if kind is list:
        return f"[{', '.join(map(jsonb_text, value))}]"
    if kind is Decimal:
        return format(value or abs(value), "f")  # numeric knows no negative zero
    return _WORDS[value]


@lru_cache(maxsize=256)
def _ordered(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The names in order, each with what stands before its value."""
    by_length = sorted(names, key=lambda name: (len(name.encode()), name.encode()))
    return [(name, f"{encode_basestring(name)}: ") for name in by_length]
