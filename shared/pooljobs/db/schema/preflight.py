"""What must hold before a fleet starts, checked once: reachable, new enough, migrated, and room for the connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from pooljobs.db.connect import connect, pinned_transaction
from pooljobs.db.connection_budget import STEWARD_CONNECTIONS, needed
from pooljobs.db.endpoint import place
from pooljobs.db.error_classes import read_only_server
from pooljobs.db.schema.version import check_migrated
from pooljobs.db.statements import Statements
from pooljobs.errors import ConnectionBudgetError, DatabaseUnsupportedError
from pooljobs.settings import ServeSettings

_POOLER_SUFFIX: Final = "-pooler"
_POOLER_PORT: Final = 6543
"""By what hosted PostgreSQL has its poolers beside its servers: Neon a name, Supabase a port."""

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
        DatabaseUnreachableError, DatabaseUnsupportedError, NotMigratedError: As their names say. A pooler is
            unsupported too, unless the settings say that it is one in session mode.
        ConnectionBudgetError: The server, the user or the database may not have so many connections.
    """
    with connect(settings.dsn, application_name="pooljobs preflight") as connection, pinned_transaction(connection):
        check_writable(connection)
        if settings.pooler == "none":
            check_direct(connection)
        check_migrated(connection, settings.schema)
        check_budget(connection, settings)
        version = connection.info.server_version
        return Checked(f"PostgreSQL {version // 10000}.{version % 10000}", place(connection))


def check_writable(connection: Connection[Any]) -> None:
    """Raises DatabaseUnsupportedError on a standby, and where all transactions are read-only by a setting."""
    query = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
    standby, read_only = connection.execute(query).fetchone() or (False, False)
    if standby:
        hint = "this is a standby: name the primary in the DSN"
        raise DatabaseUnsupportedError("the server is read-only", hint=hint)
    if read_only:
        raise read_only_server("default_transaction_read_only is on")


def check_direct(connection: Connection[Any]) -> None:
    """Raises DatabaseUnsupportedError behind a pooler, which has pids of its own for its clients.

    Workers and stewards set sessions up, prepare and listen: in transaction mode that would meet the pooler's other
    clients instead.
    """
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row is None or row[0] == connection.info.backend_pid:
        return
    around = direct_address(connection.info.host, connection.info.port)
    hint = f"{around}; if this pooler is in session mode: --pooler session"
    raise DatabaseUnsupportedError(
        f"{place(connection)} is behind a pooler; workers need sessions of their own", hint=hint
    )


def direct_address(host: str, port: int) -> str:
    """How to reach the server behind a pooler at this address, as far as that tells."""
    if _POOLER_SUFFIX in host:
        return f"name the server itself in the DSN, it is probably {host.replace(_POOLER_SUFFIX, '', 1)}"
    if port == _POOLER_PORT:
        return f"name the server itself in the DSN: port {port} is a pooler's by custom, the server's is probably 5432"
    return "name the server itself in the DSN"


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
