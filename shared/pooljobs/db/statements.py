"""Loads the .sql files with the schema's name and the lists of columns filled in.

Each process makes one ``Statements`` and asks it by verb.
"""

from __future__ import annotations

from functools import cached_property
from importlib import resources

from psycopg import sql

from pooljobs.db.columns import fill_in


class Statements:
    """The statements of ``pooljobs/sql/statements``, for one schema, as the bytes psycopg sends.

    Comments are left out: psycopg caches the conversion of a query's parameters only up to 4,096 bytes.
    """

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def load(self, verb: str) -> bytes:
        """The text of ``sql/statements/<verb>.sql``. Raises FileNotFoundError for a verb that does not exist."""
        return render(_text(verb), self.schema)

    @cached_property
    def claim(self) -> bytes:
        """``claim.sql``."""
        return self.load("claim")

    def passing_over(self, verb: str) -> bytes:
        """The statement with ``pass_over.sql`` in it: a text of its own, so that others pay nothing for it."""
        return render(_text(verb), self.schema, pass_over=_text("pass_over"))

    @cached_property
    def settle(self) -> bytes:
        """``settle.sql``."""
        return self.load("settle")

    @cached_property
    def insert_job(self) -> bytes:
        """``insert_job.sql``."""
        return self.load("insert_job")


def render(text: str, schema: str, *, pass_over: str = "") -> bytes:
    """Fills in ``{schema}`` (an identifier), ``{schema_name}`` (a string) and lists of columns (``columns.py``).

    ``{pass_over}`` is another file's text, or nothing. Other braces are doubled in the files.
    """
    filled = sql.SQL(fill_in(_code(text))).format(
        schema=sql.Identifier(schema), schema_name=sql.Literal(schema), pass_over=sql.SQL(_code(pass_over))
    )
    return filled.as_bytes(None)


def _text(verb: str) -> str:
    return resources.files("pooljobs").joinpath("sql", "statements", f"{verb}.sql").read_text("utf-8")


def _code(text: str) -> str:
    """Without comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
