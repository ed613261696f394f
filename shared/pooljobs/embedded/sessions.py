"""Who is connected to a running server, and which one it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection

from pooljobs.embedded.server import Server

_PATIENCE: Final = 5
"""Seconds to wait for the connection."""

_SESSIONS: Final = """
    SELECT pid, application_name, state <> 'idle' FROM pg_catalog.pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() ORDER BY backend_start
"""


@dataclass(frozen=True, slots=True)
class Session:
    """The pid of a session, its program's name for itself, and whether a statement or a transaction is under way."""

    pid: int
    name: str
    busy: bool

    def __str__(self) -> str:
        return self.name or f"session {self.pid}"


def version(server: Server) -> str:
    """As the running server tells it, "18.6". Raises psycopg.Error if it does not answer."""
    with _connect(server) as connection:
        told = connection.info.parameter_status("server_version") or ""
    return told.partition(" ")[0]


def sessions(server: Server) -> list[Session]:
    """Those of others. Raises psycopg.Error if the server does not answer."""
    with _connect(server) as connection:
        return [Session(*row) for row in connection.execute(_SESSIONS)]


def _connect(server: Server) -> Connection[Any]:
    return psycopg.connect(
        server.dsn,
        autocommit=True,
        connect_timeout=_PATIENCE,
        application_name="pooljobs embedded",
        options="-c search_path=pg_catalog",
    )
