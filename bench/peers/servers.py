"""What the peers run on: an embedded PostgreSQL with a database for each, and a Redis where a peer needs one."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.peers.catalog import Peer
from pooljobs.embedded import acquire

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "200"}
TOLD = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", *SETTINGS)


class ServerMissingError(Exception):
    """A server that a peer needs cannot be had on this machine."""


class Servers:
    """The servers of one run. Redis is started for the first peer that needs it."""

    def __init__(self, dsn: str, root: Path, stack: ExitStack) -> None:
        self.dsn = dsn
        self._root, self._stack = root, stack
        self._redis: str | None = None

    def variables(self, peer: Peer) -> dict[str, str]:
        """Environment variables that tell a driver where its server is; its database is empty.

        Raises:
            ServerMissingError: There is no such server here.
        """
        if peer.needs == "redis":
            return {"PEER_REDIS_URL": self._redis_url()}
        name = f"peer_{peer.key}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return describe(make_conninfo(self.dsn, dbname=name))

    def settle_down(self, variables: dict[str, str]) -> None:
        """Leaves the server nothing to do of what was loaded, so that no figure pays for another."""
        if dsn := variables.get("PEER_DSN"):
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
                connection.execute("CHECKPOINT")

    def settings(self) -> dict[str, str]:
        """PostgreSQL's version and what bears on its durability and speed; Redis' too, once it runs."""
        query: LiteralString = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"
        with psycopg.connect(self.dsn) as connection:
            told = {f"postgresql {name}": str(value) for name, value in connection.execute(query, (list(TOLD),))}
        if self._redis:
            redis = _redis_module()
            told |= {"redis": redis.redis_version(), "redis durability": redis.DURABILITY}
        return told

    def _redis_url(self) -> str:
        if self._redis is None:
            redis = _redis_module()
            try:
                self._redis = self._stack.enter_context(redis.redis_server(self._root / "redis"))
            except redis.RedisMissingError as error:
                raise ServerMissingError(str(error)) from error
        return self._redis


@contextmanager
def servers(root: Path) -> Iterator[Servers]:
    """The servers, gone at the end; PostgreSQL's files stay below ``root``."""
    with ExitStack() as stack:
        server = stack.enter_context(acquire(root / "postgres", settings=SETTINGS))
        yield Servers(server.dsn, root, stack)


def describe(dsn: str) -> dict[str, str]:
    """One database in the ways that libraries ask for it."""
    parts = conninfo_to_dict(dsn)
    host, port = str(parts["host"]), str(parts.get("port", 5432))
    user, database = str(parts["user"]), str(parts["dbname"])
    return {
        "PEER_DSN": dsn,
        "PEER_PG_HOST": host,
        "PEER_PG_PORT": port,
        "PEER_PG_USER": user,
        "PEER_PG_DATABASE": database,
        "PEER_PG_URL": f"postgresql://{quote(user)}@{quote(host, safe='')}:{port}/{quote(database)}",
    }


def _redis_module() -> Any:
    try:
        return importlib.import_module("bench.peers.redis")
    except ImportError as error:
        raise ServerMissingError("this tree has no peers on Redis") from error
