"""Loads the .sql files with the schema's name filled in. Each process makes one ``Statements`` and asks it by verb."""

from __future__ import annotations

from functools import cached_property
from importlib import resources

from psycopg import sql


class Statements:
    """The statements of ``pooljobs/sql``, for one schema, as the bytes psycopg sends.

    Comments are left out: psycopg caches the conversion of a query's parameters only up to 4,096 bytes.
    """

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def load(self, verb: str) -> bytes:
        """The text of ``sql/<verb>.sql``. Raises FileNotFoundError for a verb that does not exist."""
        return render(resources.files("pooljobs").joinpath("sql", f"{verb}.sql").read_text("utf-8"), self.schema)

    @cached_property
    def claim(self) -> bytes:
        """``claim.sql``."""
        return self.load("claim")

    @cached_property
    def settle(self) -> bytes:
        """``settle.sql``."""
        return self.load("settle")

    @cached_property
    def insert_job(self) -> bytes:
        """``insert_job.sql``."""
        return self.load("insert_job")


def render(text: str, schema: str) -> bytes:
    """Fills in ``{schema}`` (an identifier) and ``{schema_name}`` (a string); other braces are doubled in the files."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    filled = sql.SQL(code).format(schema=sql.Identifier(schema), schema_name=sql.Literal(schema))
    return filled.as_bytes(None)
