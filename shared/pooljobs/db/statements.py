"""Loads the .sql files with the schema's name and the lists of columns filled in.

Whoever runs some asks a ``Statements`` of the schema by verb; each text is made once in a process. A schema may have
any name that PostgreSQL takes (``schema_name.py``), one with percent signs, dollars and braces too.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

from psycopg import sql

from pooljobs.db.columns import fill_in
from pooljobs.job.verdict import FIRST_RETURNED, Verdict

_NAME: Final = re.compile(rb" /\* (\w+) \*/\Z")

_VERDICTS: Final = {"first_returned": sql.SQL(str(FIRST_RETURNED))} | {
    verdict.name.lower(): sql.SQL(str(verdict.value)) for verdict in Verdict
}


class Statements:
    """The statements of ``pooljobs/sql/statements``, for one schema, as the bytes psycopg sends.

    Comments are left out: psycopg caches the conversion of a query's parameters only up to 4,096 bytes. The verb stands
    at the end, as one: for errors, and for whoever looks at the server.
    """

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def load(self, verb: str) -> bytes:
        """The text of ``sql/statements/<verb>.sql``. Raises FileNotFoundError for a verb that does not exist."""
        return _rendered(verb, self.schema)

    def passing_over(self, verb: str) -> bytes:
        """The statement with ``pass_over.sql`` in it: a text of its own, so that others pay nothing for it."""
        return _rendered(verb, self.schema, "pass_over")


def name_of(query: bytes) -> str:
    """The file that a statement comes from, by the comment at its end; of another its first word."""
    found = _NAME.search(query)
    return f"{(found[1] if found else query.split(maxsplit=1)[0]).decode()}{'.sql' if found else ''}"


@cache
def _rendered(verb: str, schema: str, within: str = "") -> bytes:
    pass_over = _text(within) if within else ""
    return _query(_text(verb), schema, pass_over=pass_over) + f" /* {verb} */".encode()


def render(text: str, schema: str, *, role: str = "") -> bytes:
    """Fills in ``{schema}`` (an identifier), ``{schema_name}`` (a string), lists of columns (``columns.py``) and the
    numbers of verdicts by their names (``{retry}``).

    ``{role}`` and ``{role_name}`` are as the schema's. Other braces are doubled in the files. The text is to be run as
    it is, without parameters, unless the names are our own choice.
    """
    return _fill(_quoted_apart(text, schema + role), schema, role=role)


def _query(text: str, schema: str, *, pass_over: str = "") -> bytes:
    """As ``render``, of a statement, with ``{pass_over}``: another file's text, or nothing.

    Of one with parameters percent signs are doubled, as psycopg wants it.
    """
    return _fill(text, schema, pass_over=pass_over, percent="%%" if "%(" in text + pass_over else "%")


def _fill(text: str, schema: str, *, role: str = "", pass_over: str = "", percent: str = "%") -> bytes:
    names = {"schema": schema, "role": role}
    filled = {name: sql.Identifier(value) for name, value in names.items()} | {
        f"{name}_name": sql.Literal(value) for name, value in names.items()
    }
    parts = {name: sql.SQL(part.as_string(None).replace("%", percent)) for name, part in filled.items()}
    parts |= _VERDICTS
    return sql.SQL(fill_in(_code(text))).format(**parts, pass_over=sql.SQL(_code(pass_over))).as_bytes(None)


def _quoted_apart(text: str, schema: str) -> str:
    """The text with dollar quotes that the schema's name does not end."""
    for tag in ("body", "do"):
        longer = tag
        while f"${longer}$" in schema:
            longer += "_"
        text = text.replace(f"${tag}$", f"${longer}$")
    return text


def _text(verb: str) -> str:
    return resources.files("pooljobs").joinpath("sql", "statements", f"{verb}.sql").read_text("utf-8")


def _code(text: str) -> str:
    """Without comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
