"""Which database a command or an application works on: a server that was named, else the embedded one.

The embedded server is started when nobody runs it yet, brought up to date, and stopped again by its last user. A
server that was named is never changed without being asked: ``pooljobs migrate`` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from pooljobs.db.dsn import ResolvedDsn, resolve
from pooljobs.db.schema.migrator import migrate
from pooljobs.escaping import escaped
from pooljobs.schema_name import check_schema


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is ready to be connected to.

    Attributes:
        dsn: libpq connection string.
        source: Where it came from: ``--dsn``, ``POOLJOBS_DSN``, ``DATABASE_URL``, ``PGHOST`` … or ``embedded``.
        data_directory: Of the embedded server; None for one that was named.
        project: Whose embedded server it is; None where its directory was named.
        warning: What was not found, where nobody has asked for the embedded server.
        left: Data that somebody may look for who finds none here, a line each.
    """

    dsn: str = field(repr=False)
    source: str
    _: KW_ONLY
    data_directory: Path | None = None
    project: Path | None = None
    warning: str | None = None
    left: tuple[str, ...] = ()

    @property
    def embedded(self) -> bool:
        """Whether it is the embedded server."""
        return self.data_directory is not None

    @property
    def note(self) -> str | None:
        """What a person should know of it: of the embedded server, where it is and what to use instead."""
        if self.data_directory is None:
            return None
        using = f"using the {self.told('')}"
        if self.warning is None:
            return using
        return f"{self.warning}: {using}; for a server of your own set DATABASE_URL or pass --dsn"

    def told(self, place: str) -> str:
        """Where it is, for a person. ``place`` is what a connection to it says: see ``pooljobs.db.endpoint``."""
        if self.data_directory is not None:
            of = f", of the project {escaped(str(self.project))}" if self.project else ""
            return f"embedded PostgreSQL in {self.data_directory}{of}"
        return f"{place} (from {self.source})"


def migrate_embedded(dsn: str, schema: str) -> None:
    """Brings an embedded server's schema up to date."""
    migrate(dsn, schema)


@contextmanager
def open_database(
    dsn: str | None,
    *,
    schema: str = "pooljobs",
    root: Path | None = None,
    prepare: Callable[[str, str], None] = migrate_embedded,
    source: str = "--dsn",
) -> Iterator[Database]:
    """The database to use, for as long as the ``with`` lasts. A named server is not connected to here.

    Args:
        dsn: What the user passed, or None: see ``pooljobs.db.dsn.resolve``.
        schema: Brought up to date in the embedded server.
        root: Directory of an embedded server that is wanted; default: the one that all commands and applications of a
            project share, which is not started unasked where a service manager runs this process.
        prepare: Called with the DSN and the schema of the embedded server once it runs; migrates it.
        source: Where ``dsn`` came from, for messages.

    Raises:
        EmbeddedError: The embedded server is not installed or did not start.
        NotMigratedError: The embedded server's schema is newer than this pooljobs.
        OptionError: ``dsn``, or the variable it came from, is not a connection string; the schema cannot have that
            name.
        RefusedError: No database was named where one must be.
    """
    check_schema(schema)
    found = resolve(dsn, source=source)
    if found.dsn is not None:
        yield Database(found.dsn, found.source)
        return
    with _embedded(found, root) as database:
        prepare(database.dsn, schema)
        yield database


@contextmanager
def _embedded(found: ResolvedDsn, root: Path | None) -> Iterator[Database]:
    from pooljobs.db.unnamed import refuse_service_file, refuse_services, warning  # of no use where a server was named
    from pooljobs.embedded import acquire, default_home, left_data

    refuse_service_file()
    asked = found.asked or root is not None
    if not asked:
        refuse_services()
    left = tuple(map(str, left_data(default_home()))) if root is None else ()
    with acquire(root) as server:
        told = None if asked else warning()
        yield Database(
            server.dsn, found.source, data_directory=server.root, project=server.project, warning=told, left=left
        )
