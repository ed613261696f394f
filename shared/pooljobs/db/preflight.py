"""What must hold before a fleet starts, checked once: reachable, new enough, migrated, and room for the connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from pooljobs.db.connect import connect, pinned_transaction
from pooljobs.db.connection_budget import STEWARD_CONNECTIONS, needed
from pooljobs.db.place import place
from pooljobs.db.schema.version import check_migrated
from pooljobs.db.statements import Statements
from pooljobs.errors import ConnectionBudgetError, DatabaseUnsupportedError
from pooljobs.settings import ServeSettings

_LIMITS: Final = {
    "server": "max_connections on the server",
    "role": "the CONNECTION LIMIT of the role (ALTER ROLE)",
    "database": "the CONNECTION LIMIT of the database (ALTER DATABASE)",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """For the log: what the server is, and where."""

    version: str
    place: str


def check(settings: ServeSettings) -> Checked:
    """Checks the database for a fleet with these settings; returns what it has found, for the log.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError: As their names say.
        ConnectionBudgetError: The server, the user or the database may not have so many connections.
    """
    with connect(settings.dsn, application_name="pooljobs preflight") as connection, pinned_transaction(connection):
        check_writable(connection)
        check_migrated(connection, settings.schema)
        check_budget(connection, settings)
        version = connection.info.server_version
        return Checked(f"PostgreSQL {version // 10000}.{version % 10000}", place(connection))


def check_writable(connection: Connection[Any]) -> None:
    """Raises DatabaseUnsupportedError on a standby."""
    row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    if row and row[0]:
        hint = "this is a standby: name the primary in the DSN"
        raise DatabaseUnsupportedError("the server is read-only", hint=hint)


def check_budget(connection: Connection[Any], settings: ServeSettings) -> None:
    """Raises ConnectionBudgetError when the fleet's connections do not fit beside those in use now."""
    limits = connection.execute(Statements(settings.schema).load("count_connections")).fetchall()
    want = needed(settings, settings.procs)
    for whose, most, used in limits:
        if want > most - used:
            raise ConnectionBudgetError(
                f"{settings.procs} workers need {want} connections ({settings.worker.connections} each, one worker of "
                f"reserve, {STEWARD_CONNECTIONS} for the steward), "
                f"but the {whose} has {max(0, most - used)} left of {most}",
                hint=f"lower --procs or --connections, or raise {_LIMITS[whose]}",
            )
