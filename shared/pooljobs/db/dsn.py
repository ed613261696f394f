"""Finds the database: what was passed, else POOLJOBS_DSN, else DATABASE_URL, else the embedded server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict

from pooljobs.errors import DatabaseUnreachableError


@dataclass(frozen=True, slots=True)
class ResolvedDsn:
    """A connection string and where it came from. ``dsn`` is None for the embedded server, which knows its own."""

    dsn: str | None
    source: str


def resolve(dsn: str | None, environ: Mapping[str, str] = os.environ, *, source: str = "--dsn") -> ResolvedDsn:
    """The DSN to use. An empty string counts as not given; ``source`` is where ``dsn`` came from, for messages.

    Raises:
        DatabaseUnreachableError: The string is not a connection string.
    """
    given = [
        (dsn, source),
        (environ.get("POOLJOBS_DSN"), "POOLJOBS_DSN"),
        (environ.get("DATABASE_URL"), "DATABASE_URL"),
    ]
    for text, origin in given:
        if text:
            return ResolvedDsn(_checked(text, origin), origin)
    return ResolvedDsn(None, "embedded")


def describe(dsn: str) -> str:
    """The server and database of a DSN as a person would name them, never with a password."""
    parts = conninfo_to_dict(dsn)
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    port = parts.get("port") or os.environ.get("PGPORT") or "5432"
    where = f"the socket in {host}" if str(host).startswith("/") else f"{host}:{port}"
    return f"database {parts.get('dbname') or parts.get('user') or 'default'!s} at {where}"


def _checked(text: str, source: str) -> str:
    plain = text
    for prefix in ("postgresql+psycopg://", "postgres+psycopg://", "postgresql+psycopg2://", "postgresql+asyncpg://"):
        if text.startswith(prefix):  # what SQLAlchemy's users have in DATABASE_URL
            plain = "postgresql://" + text.removeprefix(prefix)
    try:
        conninfo_to_dict(plain)
    except Exception as error:
        if type(error).__module__.startswith("psycopg"):
            hint = "for example postgresql://user:password@host:5432/database"
            raise DatabaseUnreachableError(f"{source} is not a PostgreSQL connection string", hint=hint) from None
        raise
    return plain
