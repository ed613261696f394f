"""Opens the database for a command that looks something up, and says so when it is the embedded one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pooljobs.db.reader import Reader, open_reader
from pooljobs.db.service import Database, open_database
from pooljobs_supervisor.telling.console import say


@contextmanager
def reading(dsn: str | None, schema: str) -> Iterator[Reader]:
    """A reader of the database to use.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError, EmbeddedError: As their names say.
    """
    with open_database(dsn, schema=schema) as database:
        announce(database)
        with open_reader(database.dsn, schema) as reader:
            yield reader


def announce(database: Database) -> None:
    """Say which embedded server is used, once, on stderr; a named server needs no word."""
    if database.note:
        say(database.note)
