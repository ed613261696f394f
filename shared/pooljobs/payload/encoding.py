"""Payloads to and from JSON. What PostgreSQL could not hold is refused here, before anything is stored.

The good case is one call of orjson. The slow walk that finds the culprit runs only when something smells: orjson
raised, or its output holds a ``null`` (it writes NaN as one) or an escaped NUL (jsonb has no such character).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

import orjson

from pooljobs.errors import PayloadError
from pooljobs.payload.json_values import json_value, with_text_keys
from pooljobs.payload.validation import find_fault

LARGEST_BYTES: Final = 64 * 1024 * 1024
"""Encoded size, in bytes, beyond which a payload is refused."""

COPIED_BYTES: Final = 65_536
"""Encoded size, in bytes, below which it is copied. orjson writes into a larger block and has it cut down; where many
are held at a time, as in bulk, what is cut off costs the allocator a microsecond each, and a copy a tenth of that."""

# orjson drops a dataclass's fields that begin with an underscore, and the seconds of a UTC offset: both are ours.
_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_WIDE_NUMBER: Final = re.compile(rb"\d{19}")


def encode(value: object, *, where: str = "payload") -> bytes:
    """``value`` as JSON that a jsonb column takes.

    Dataclasses and pydantic models become objects; datetimes, UUIDs, Decimals strings; timedeltas
    seconds; sets lists.

    Args:
        value: What to encode.
        where: What the error calls it.

    Raises:
        PayloadError: It cannot be stored as it is; the message names the field.
    """
    try:
        encoded = orjson.dumps(value, json_value, _OPTIONS)
    except TypeError as error:
        encoded = _encoded_slowly(value, where, error)
    if encoded.find(b"null") >= 0 or encoded.find(rb"\u0000") >= 0:  # half of what `in` takes
        _blame(value, where)
    if len(encoded) > LARGEST_BYTES:
        raise PayloadError(
            f"{where}: {len(encoded):,} bytes of JSON, and at most {LARGEST_BYTES:,} are taken",
            hint="store the data elsewhere and enqueue a reference to it",
        )
    return b"%b" % encoded if len(encoded) < COPIED_BYTES else encoded


def decode(text: str | bytes) -> Any:
    """JSON as Python values, numbers of any size included.

    Raises:
        PayloadError: It is not JSON, or nested too deeply.
    """
    raw = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    if _WIDE_NUMBER.search(raw) is None:  # orjson would round an integer beyond 64 bits to a float
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass  # the standard library takes more, or says better what is wrong
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise PayloadError("payload: nested too deeply to be read") from error
    except ValueError as error:
        raise PayloadError(f"payload is not JSON: {error}") from error


def _encoded_slowly(value: object, where: str, error: TypeError) -> bytes:
    """What has keys that orjson does not take; for what is refused it says why."""
    _blame(value, where)
    try:
        return orjson.dumps(with_text_keys(value), json_value, _OPTIONS)
    except (TypeError, RecursionError):
        raise PayloadError(f"{where}: {error}") from error


def _blame(value: object, where: str) -> None:
    try:
        fault = find_fault(value)
    except RecursionError as error:
        raise PayloadError(f"{where}: nested too deeply, or contains itself") from error
    if fault is not None:
        raise PayloadError(f"{where}{fault.path}: {fault.reason}", hint=fault.hint)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
