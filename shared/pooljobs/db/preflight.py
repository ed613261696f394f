"""What must hold before a fleet starts, checked once: reachable, new enough, migrated, and room for the connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from pooljobs.db.connect import connect
from pooljobs.db.connection_budget import STEWARD_CONNECTIONS, needed
from pooljobs.db.place import place
from pooljobs.db.schema.version import check_migrated
from pooljobs.errors import ConnectionBudgetError, DatabaseUnsupportedError
from pooljobs.settings import ServeSettings


@dataclass(frozen=True, slots=True)
class Checked:
    """For the log: what the server is, and where."""

    version: str
    place: str


def check(settings: ServeSettings) -> Checked:
    """Checks the database for a fleet with these settings; returns what it has found, for the log.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError: As their names say.
        ConnectionBudgetError: ``max_connections`` cannot hold the fleet.
    """
    with connect(settings.dsn, application_name="pooljobs preflight") as connection:
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
    row = connection.execute(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
        " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())"
    ).fetchone()
    usable, used = row or (0, 0)
    want = needed(settings, settings.procs)
    if want > usable - used:
        raise ConnectionBudgetError(
            f"{settings.procs} workers need {want} connections ({settings.worker.connections} each, one worker of "
            f"reserve, {STEWARD_CONNECTIONS} for the steward), but the server has {usable - used} left of {usable}",
            hint="lower --procs or --connections, or raise max_connections on the server",
        )
