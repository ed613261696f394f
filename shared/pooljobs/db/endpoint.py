"""Where a connection leads, as a person would name it: told by the connection, since a DSN may not say.

A service file, the environment, a list of hosts and libpq's own defaults all have a say in it.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection


def place(connection: Connection[Any]) -> str:
    """The database and the server of a connection: ``database shop at db.example.com:5432``."""
    info = connection.info
    return f"database {info.dbname} at {server(info.host, info.port)}"


def server(host: str, port: int | str) -> str:
    """A host and its port, or the directory of a socket.

    >>> server("::1", 5432)
    '[::1]:5432'
    >>> server("/run/postgresql", 5432)
    'the socket in /run/postgresql'
    """
    if host.startswith(("/", "@")):
        return f"the socket in {host}" + ("" if str(port) == "5432" else f", port {port}")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
