"""Opens the database for a command, says so when it is the embedded one, and how to migrate it when it has to be.

What speaks to it is imported then: the help of a command, and what is wrong with its options, need no driver.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pooljobs.process.importing import uncollected
from pooljobs_cli.common_options import chosen_dsn
from pooljobs_cli.output.console import say

if TYPE_CHECKING:
    from pooljobs.db.database import Database
    from pooljobs.operations.reader import Reader


@contextmanager
def reading(dsn: str | None, schema: str, *, embedded: bool) -> Iterator[Reader]:
    """A reader of the database to use; ``embedded`` is whether that server is asked for.

    Raises:
        OptionError: ``dsn`` is given too.
        RefusedError: No database was named where one must be.
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError, EmbeddedError: As their names say.
    """
    with uncollected():
        from pooljobs.db.database import open_database
        from pooljobs.operations.reader import open_reader

    with open_database(chosen_dsn(dsn, embedded=embedded), schema=schema) as database:
        announce(database)
        with migrating_told(database, schema), open_reader(database.dsn, schema) as reader:
            yield reader


def announce(database: Database) -> None:
    """Say which embedded server is used, once, on stderr; a named server needs no word."""
    if database.note:
        say(database.note, style="warning" if database.warning else "dim")
    for left in database.left:
        say(left, style="warning")


@contextmanager
def migrating_told(database: Database, schema: str) -> Iterator[None]:
    """Where the schema is missing or old, the hint is a command that can be run as it is: for this database."""
    try:
        yield
    except Exception as error:
        from pooljobs_cli.migrate_hint import with_command

        told = with_command(error, database, schema)
        if told is None:
            raise
    else:
        return
    raise told
