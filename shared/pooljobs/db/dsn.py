"""Finds the database: what was passed, else POOLJOBS_DSN, else DATABASE_URL, else libpq's own variables, else the
embedded server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pooljobs.db.dsn_forms import normalized, unwrapped
from pooljobs.db.endpoint import server
from pooljobs.errors import OptionError

EMBEDDED: Final = "embedded"
"""In the place of a connection string: the embedded server, wherever this is."""

BY_LIBPQ: Final = {"PGSERVICE": "service", "PGHOST": "host", "PGHOSTADDR": "hostaddr"}
"""Variables that name a server to every program that connects by libpq, in the order in which it heeds them."""


@dataclass(frozen=True, slots=True)
class ResolvedDsn:
    """A connection string and where it came from. ``dsn`` is None for the embedded server, which knows its own;
    ``asked`` is whether somebody has named that.
    """

    dsn: str | None = field(repr=False)
    source: str
    asked: bool = True


def resolve(dsn: str | None, environ: Mapping[str, str] = os.environ, *, source: str = "--dsn") -> ResolvedDsn:
    """The DSN to use, as libpq takes it. Nothing but blanks counts as not given; ``embedded`` is the embedded server.

    ``source`` is where ``dsn`` came from, for messages. What forms it may have: see ``dsn_forms``.

    Raises:
        OptionError: The string is not a connection string.
    """
    given = [
        (dsn, source),
        (environ.get("POOLJOBS_DSN"), "POOLJOBS_DSN"),
        (environ.get("DATABASE_URL"), "DATABASE_URL"),
    ]
    for text, origin in given:
        if text and unwrapped(text) == EMBEDDED:
            return ResolvedDsn(None, origin)
        if text and (plain := _checked(text, origin)):
            return ResolvedDsn(plain, origin)
    for name, keyword in BY_LIBPQ.items():
        if (value := environ.get(name, "")).strip():
            return ResolvedDsn(make_conninfo("", **{keyword: value}), name)
    return ResolvedDsn(None, EMBEDDED, asked=False)


def describe(dsn: str) -> str:
    """The server and database that a DSN names, where there is no connection to ask, never with a password."""
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value}
    database = f"database {parts.get('dbname') or parts.get('user') or 'default'}"
    service = parts.get("service") or os.environ.get("PGSERVICE")
    if service and "host" not in parts and "hostaddr" not in parts:
        return f"{database if 'dbname' in parts else 'the database'} of service {service}"
    hosts = (parts.get("host") or parts.get("hostaddr") or os.environ.get("PGHOST") or "localhost").split(",")
    ports = (parts.get("port") or os.environ.get("PGPORT") or "5432").split(",")
    each = [server(host, ports[min(number, len(ports) - 1)]) for number, host in enumerate(hosts)]
    return f"{database} at {' or '.join(each)}"


def _checked(text: str, source: str) -> str:
    try:
        return normalized(text)
    except OptionError as error:
        found = error
    # Out here the new error has no context: libpq's own, further down there, quotes the text.
    raise OptionError(f"{source} is not a PostgreSQL connection string: {found}", hint=found.hint)
