"""Values with names, given one by one: ``name=Ada``, or with JSON ``times:=3``. Fields of a payload, and meta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pooljobs.errors import OptionError, PayloadError, PoolJobsError
from pooljobs.payload.encoding import decode

_HINT = "name=Ada gives text, times:=3 anything in JSON; quote what has spaces for the shell"


def payload_of(fields: Sequence[str]) -> dict[str, Any]:
    """The payload with these fields.

    >>> payload_of(["name=Ada", "times:=3", "note=a=b"])
    {'name': 'Ada', 'times': 3, 'note': 'a=b'}

    Raises:
        PayloadError: One is no field, is given twice, or its JSON is none.
    """
    return _named(fields, "field of a payload", PayloadError)


def meta_of(given: Sequence[str]) -> dict[str, Any]:
    """What ``--meta`` says of a job.

    >>> meta_of(["by=Ada", "customer:=7"])
    {'by': 'Ada', 'customer': 7}

    Raises:
        OptionError: As of a payload's fields.
    """
    return _named(given, "value of --meta", OptionError)


def _named(given: Sequence[str], what: str, refusal: type[PoolJobsError]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in given:
        name, equals, text = each.partition("=")
        name, is_json = (name[:-1], True) if name.endswith(":") else (name, False)
        if not equals or not name:
            raise refusal(f"{each!r} is no {what}", hint=_HINT)
        if name in values:
            raise refusal(f"the {what.split(maxsplit=1)[0]} {name!r} is given twice")
        values[name] = _json(name, text, refusal) if is_json else text
    return values


def _json(name: str, text: str, refusal: type[PoolJobsError]) -> Any:
    try:
        return decode(text.encode("utf-8", "surrogateescape"))
    except PayloadError as error:
        why = str(error).removeprefix("payload").lstrip(": ")  # which is what the reader takes it for
        raise refusal(f"{name}: {why}", hint=f"for text write {name}={text}") from error
