"""Opens the database for a command, says so when it is the embedded one, and how to migrate it when it has to be."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from pooljobs.db.faults import MIGRATE, MISSING, not_migrated
from pooljobs.db.reader import Reader, open_reader
from pooljobs.db.service import Database, open_database
from pooljobs.errors import NotMigratedError
from pooljobs_supervisor.cli.options import DEFAULT_SCHEMA
from pooljobs_supervisor.telling.console import say

_FOUND_AGAIN: Final = ("POOLJOBS_DSN", "DATABASE_URL", "embedded")
"""Where the next command finds the same database by itself."""

_SECRET: Final = b"*"
"""How libpq marks a parameter that is not to be shown."""


@contextmanager
def reading(dsn: str | None, schema: str) -> Iterator[Reader]:
    """A reader of the database to use.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError, EmbeddedError: As their names say.
    """
    with open_database(dsn, schema=schema) as database:
        announce(database)
        with migrating_told(database, schema), open_reader(database.dsn, schema) as reader:
            yield reader


def announce(database: Database) -> None:
    """Say which embedded server is used, once, on stderr; a named server needs no word."""
    if database.note:
        say(database.note)


@contextmanager
def migrating_told(database: Database, schema: str) -> Iterator[None]:
    """Where the schema is missing or old, the hint is a command that can be run as it is: for this database."""
    try:
        yield
    except (NotMigratedError, *MISSING) as error:
        found = error if isinstance(error, NotMigratedError) else not_migrated(schema)
        if not (found.hint or "").startswith(MIGRATE):
            raise
        told = NotMigratedError(str(found), hint=f"run: {migrate_command(database, schema)}")
        told.__cause__ = error.__cause__ if found is error else error
    else:
        return
    raise told


def migrate_command(database: Database, schema: str) -> str:
    """The command line that migrates it, for a shell; without what is secret in a DSN that has to be repeated."""
    words = ["pooljobs", "migrate"]
    before = ""
    if database.source not in _FOUND_AGAIN:
        parts = conninfo_to_dict(database.dsn)
        secrets = {each.keyword.decode() for each in Conninfo.get_defaults() if each.dispchar == _SECRET} & parts.keys()
        shown = {name: value for name, value in parts.items() if name not in secrets}
        words += ["--dsn", make_conninfo("", **shown) if secrets else database.dsn]
        before = "PGPASSWORD=… " if "password" in secrets else ""
    if schema != DEFAULT_SCHEMA:
        words += ["--schema", schema]
    return before + shlex.join(words)
