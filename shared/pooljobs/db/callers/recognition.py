"""Tells whose connection it is, by the names of its class and that class's bases: no driver is imported for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from pooljobs.db.callers.steps import Driver
from pooljobs.errors import OptionError

_HERE: Final = "pooljobs.db.callers"

_KNOWN: Final = {
    ("psycopg", "Connection"): ("psycopg_driver", "PsycopgDriver"),
    ("psycopg", "AsyncConnection"): ("psycopg_driver", "AsyncPsycopgDriver"),
    ("psycopg2", "connection"): ("psycopg2_driver", "Psycopg2Driver"),
    ("asyncpg", "Connection"): ("asyncpg_driver", "AsyncpgDriver"),
    ("asyncpg", "PoolConnectionProxy"): ("asyncpg_driver", "AsyncpgDriver"),
    ("sqlalchemy", "Connection"): ("sqlalchemy_driver", "SqlAlchemyDriver"),
    ("sqlalchemy", "Session"): ("sqlalchemy_driver", "SqlAlchemySessionDriver"),
    ("sqlalchemy", "scoped_session"): ("sqlalchemy_driver", "SqlAlchemySessionDriver"),
    ("sqlalchemy", "AsyncConnection"): ("sqlalchemy_driver", "AsyncSqlAlchemyDriver"),
    ("sqlalchemy", "AsyncSession"): ("sqlalchemy_driver", "AsyncSqlAlchemySessionDriver"),
    ("sqlalchemy", "async_scoped_session"): ("sqlalchemy_driver", "AsyncSqlAlchemySessionDriver"),
    ("django", "ConnectionProxy"): ("django_driver", "DjangoDriver"),
    ("django", "BaseDatabaseWrapper"): ("django_driver", "DjangoDriver"),
}
"""By the package that a class comes from, and its name: our module and class for it."""

_LEND: Final = "borrow a connection for your transaction, and pass that: "
_SQLALCHEMY_ITSELF: Final = "pass SQLAlchemy's Session or Connection itself, not the driver's connection inside it"
_ENTER: Final = "enter or await it, and pass what that gives:"

_CURES: Final = {
    ("psycopg", "BaseCursor"): "pass the connection that it belongs to: cursor.connection",
    ("psycopg", "Transaction"): "pass the connection that it belongs to: transaction.connection",
    ("psycopg", "AsyncTransaction"): "pass the connection that it belongs to: transaction.connection",
    ("psycopg_pool", "ConnectionPool"): f"{_LEND}with pool.connection() as conn",
    ("psycopg_pool", "AsyncConnectionPool"): f"{_LEND}async with pool.connection() as conn",
    ("psycopg2", "cursor"): "pass the connection that it belongs to: cursor.connection",
    ("psycopg2", "AbstractConnectionPool"): f"{_LEND}conn = pool.getconn()",
    ("asyncpg", "Pool"): f"{_LEND}async with pool.acquire() as conn, conn.transaction()",
    ("asyncpg", "PoolAcquireContext"): f"{_ENTER} async with pool.acquire() as conn",
    ("asyncpg", "Transaction"): "pass the connection on which the transaction was begun",
    ("sqlalchemy", "Engine"): f"{_LEND}with engine.begin() as conn",
    ("sqlalchemy", "AsyncEngine"): f"{_LEND}async with engine.begin() as conn",
    ("sqlalchemy", "sessionmaker"): "make a session, and pass that: with Session.begin() as session",
    ("sqlalchemy", "async_sessionmaker"): "make a session, and pass that: async with Session.begin() as session",
    ("sqlalchemy", "SessionTransaction"): "pass the session that it belongs to: transaction.session",
    ("sqlalchemy", "Transaction"): "pass the connection that it belongs to: transaction.connection",
    ("sqlalchemy", "PoolProxiedConnection"): _SQLALCHEMY_ITSELF,
    ("sqlalchemy", "AdaptedConnection"): _SQLALCHEMY_ITSELF,
    ("flask_sqlalchemy", "SQLAlchemy"): "pass its session: db.session",
    ("contextlib", "_GeneratorContextManagerBase"): f"{_ENTER} with … as conn",
    ("builtins", "coroutine"): f"{_ENTER} conn = await …",
    ("django", "ConnectionHandler"): "pass the connection of an alias: connections['default']",
    ("django", "CursorWrapper"): "pass the connection that it belongs to: cursor.db",
}
"""What to pass in the place of objects that are often passed by mistake."""

_TAKEN: Final = "a connection of psycopg, asyncpg, psycopg2 or Django, or a session or connection of SQLAlchemy"


def driver_of(connection: Any, method: str) -> Driver:
    """What carries steps out on this connection.

    Raises:
        OptionError: It is none, or of a kind that is not known. ``method`` is named then.
    """
    # A proxy, such as an instrumentation puts around a connection, says its own class here and that of the other there.
    kinds: tuple[type, type] = (connection.__class__, type(connection))
    for kind in kinds:
        if (found := _class_for(kind)) is not None:
            driver: Driver = found(connection)
            return driver
    raise _refusal(connection, method)


@lru_cache(maxsize=64)
def _class_for(kind: type) -> type[Any] | None:
    for name in _names(kind):
        if name in _KNOWN:
            module, class_name = _KNOWN[name]
            found: type[Any] = getattr(import_module(f"{_HERE}.{module}"), class_name)
            return found
    return None


def _names(kind: type) -> Iterator[tuple[str, str]]:
    return ((base.__module__.partition(".")[0], base.__name__) for base in kind.__mro__)


def _refusal(given: Any, method: str) -> OptionError:
    kind = given if isinstance(given, type) else type(given)
    what = f"{'the class ' if kind is given else ''}{kind.__module__}.{kind.__qualname__}"
    cure = next((_CURES[name] for name in _names(kind) if name in _CURES), None)
    if cure is None:
        cure = "of a wrapper, pass the connection inside it, for example connection.driver_connection"
    if kind is given:
        cure = "make one, and pass that"
    return OptionError(f"{method} takes {_TAKEN}, not {what}", hint=cure)
