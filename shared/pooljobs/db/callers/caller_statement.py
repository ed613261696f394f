"""A statement for connections that are not ours: every parameter goes as text, and is cast by the server.

So it does not matter which types of its own a driver or an application has for JSON, times, UUIDs or arrays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from pooljobs.db.wire.binary_format import Oid

_PARAMETER: Final = re.compile(r"%%|%\((\w+)\)s")
_ESCAPED: Final = re.compile(r'["\\]')


class CallerStatement:
    """One statement, in the forms that drivers want.

    Attributes:
        names: Its parameters, in the order in which values come.
    """

    def __init__(self, query: bytes, types: Mapping[str, Oid]) -> None:
        """``query`` is as for a cursor of psycopg's; ``types`` names all its parameters."""
        self._query = query.decode()
        self._types = {name: _type_name(oid) for name, oid in types.items()}
        self.names = tuple(types)

    @cached_property
    def dollars(self) -> str:
        """With ``$1`` and so on."""
        places = {name: f"${place}" for place, name in enumerate(self.names, 1)}
        return self._filled(self._query, places)

    @cached_property
    def percents(self) -> str:
        """With ``%(name)s``; percent signs are doubled."""
        return self._filled(self._query, {name: f"%({name})s" for name in self.names}, percent="%%")

    @cached_property
    def colons(self) -> str:
        """With ``:name``; other colons are behind a backslash, as SQLAlchemy's ``text`` wants it."""
        return self._filled(self._query.replace(":", r"\:"), {name: f":{name}" for name in self.names}, colon=r"\:")

    def named(self, values: Sequence[str | None]) -> dict[str, str | None]:
        """The values by their names."""
        return dict(zip(self.names, values, strict=True))

    def _filled(self, query: str, places: Mapping[str, str], *, percent: str = "%", colon: str = ":") -> str:
        if not places:
            return query  # drivers leave that alone

        def filled(found: re.Match[str]) -> str:
            name = found[1]
            if name is None:
                return percent
            return f"CAST({places[name]} AS pg_catalog.text){colon}{colon}pg_catalog.{self._types[name]}"

        return _PARAMETER.sub(filled, query)


def text(value: object) -> str | None:
    """As PostgreSQL reads it, whatever the session's settings: numbers, and times in ISO 8601, look as Python's do."""
    return None if value is None else str(value)


def array(values: Iterable[str | None]) -> str:
    """An array as PostgreSQL reads it from a text: no driver need know that it is one."""
    elements = ",".join("NULL" if value is None else _quoted(value) for value in values)
    return f"{{{elements}}}"


def _quoted(value: str) -> str:
    return '"' + _ESCAPED.sub(r"\\\g<0>", value) + '"'


def _type_name(oid: Oid) -> str:
    name = oid.name.lower()
    return f"{name.removesuffix('_array')}[]" if name.endswith("_array") else name
