"""The parameters of connection strings: libpq's own, and what other drivers and tools append to theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from psycopg import pq

PASSED_OVER: Final = frozenset(
    {
        # Prisma, Supabase
        "schema",
        "pgbouncer",
        "connection_limit",
        "pool_timeout",
        "socket_timeout",
        "supa",
        "workaround",
        # SQLAlchemy, asyncpg
        "async_fallback",
        "prepared_statement_cache_size",
        "statement_cache_size",
        "command_timeout",
        # Rails, Doctrine, Django
        "pool",
        "pool_size",
        "max_overflow",
        "prepared_statements",
        "encoding",
        "charset",
        "serverVersion",
        "conn_max_age",
        "conn_health_checks",
        # JDBC, node-postgres, pgx
        "currentSchema",
        "search_path",
        "prepareThreshold",
        "reWriteBatchedInserts",
        "tcpKeepAlive",
        "stringtype",
        "uselibpqcompat",
        "max",
        "pool_max_conns",
        "pool_min_conns",
        "default_query_exec_mode",
    }
)
"""They say how a tool pools, prepares, or names its own tables: nothing that pooljobs would do otherwise."""

RENAMED: Final = {
    "ApplicationName": "application_name",
    "username": "user",
    "database": "dbname",
    "db": "dbname",
}
"""Others' names for what libpq has too."""

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

SSL: Final = {"true": "require", "1": "require", "yes": "require", "false": "disable", "0": "disable", "no": "disable"}
"""Values of ``ssl`` that are no ``sslmode``."""


_HOST: Final = re.compile(r"(?P<name>[^:,/%]+|\[[^],]*\])(?::(?P<port>[0-9]+))?")


def translated(query: str) -> Iterator[str]:
    """The parameters of a URL as libpq has them.

    Raises:
        KeyError: One is neither libpq's nor known of others.
    """
    pairs = [part.partition("=") for part in query.split("&") if part]
    yield from _hosts([value for name, _, value in pairs if name == "host"])
    for name, equals, value in pairs:
        if name in PASSED_OVER or name == "host":
            continue
        if name == "ssl":
            yield f"sslmode={SSL.get(value.lower(), value)}"
        elif name in RENAMED:
            yield f"{RENAMED[name]}={value}"
        elif name in _of_libpq():
            yield f"{name}{equals}{value}"
        else:
            raise KeyError(name)


def _hosts(hosts: list[str]) -> Iterator[str]:
    """SQLAlchemy has ``host`` once for each, with its port."""
    found = [_HOST.fullmatch(host) for host in hosts]
    pairs = [(each["name"], each["port"]) if each else (host, None) for each, host in zip(found, hosts, strict=True)]
    if hosts:
        yield f"host={','.join(name.strip('[]') for name, _ in pairs)}"
    if any(port for _, port in pairs):
        yield f"port={','.join(port or '5432' for _, port in pairs)}"


@cache
def _of_libpq() -> frozenset[str]:
    """As it is installed here."""
    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())
