"""A JSON document as PostgreSQL writes its ``jsonb``: of equal documents one text, in Python and in SQL.

Keys are sorted by their length in UTF-8, then by their bytes; the last of equal ones counts; numbers are written out,
with the zeros that were given behind the point.
"""

from __future__ import annotations

import json
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any


def parsed(document: bytes) -> Any:
    """The document, with its numbers as they are written: as ``Decimal``."""
    return json.loads(document, parse_float=Decimal, parse_int=Decimal)


def jsonb_text(value: Any) -> str:
    """A parsed document as ``jsonb::text`` has it."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        pairs = sorted(((name.encode(), name) for name in value), key=lambda pair: (len(pair[0]), pair[0]))
        return "{" + ", ".join(f"{encode_basestring(name)}: {jsonb_text(value[name])}" for _, name in pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(jsonb_text, value)) + "]"
    if isinstance(value, Decimal):
        return format(value or abs(value), "f")  # numeric knows no negative zero
    return json.dumps(value)
