"""Runs the hottest statements with less around them than a cursor of psycopg's.

A cursor does for each statement what serves any: it copies adapters, finds a dumper for each value and a loader for
each column. That takes a third of the time of a short statement, and half where the process has just woken up. Here
values come as the server takes them (``binary_format.py``), and go as it sends them. Sending and waiting are psycopg's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary
from zlib import crc32

from psycopg import Connection, generators
from psycopg import errors as pg
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from pooljobs.db.wire.binary_format import Oid

_PERCENT: Final = re.compile(rb"%%|%\((\w+)\)s")

UTF8: Final = {"client_encoding": "UTF8"}
"""What a connection has to be opened with: texts are sent as UTF-8, whatever the database stores."""


class BorrowedSession(Connection[Any]):
    """Speaks in a session that another connection has opened, and may have a transaction in.

    Nothing is prepared there: it would outlive a rollback, and a name that is taken would abort the transaction.
    """

    def __del__(self, *_warn: Any) -> None:
        """Whoever opened the session closes it."""


class HotStatement:
    """One statement, prepared once on each connection that runs it. Threads may share it, each with its connection.

    Attributes:
        name: What it is prepared as. Text and types are in it: behind a pooler others may have prepared theirs.
        query: The text, with ``$1`` and so on in the place of named placeholders.
    """

    def __init__(self, verb: str, query: bytes, *, types: Mapping[str, Oid], kept: bool = True) -> None:
        """``query`` is as for a cursor; ``types`` names its parameters in the order in which values will come.

        ``kept``: False for one that runs inside a transaction: what a pooler has sent elsewhere would end that.
        """
        places = {name.encode(): b"$%d" % place for place, name in enumerate(types, 1)}
        self.query = _PERCENT.sub(lambda found: places[found[1]] if found[1] else b"%", query)
        self._verb = verb
        self._types = [int(oid) for oid in types.values()]  # lists: psycopg 3.2 takes nothing else
        self.name = f"pooljobs_{verb}_{crc32(self.query + repr(self._types).encode()):08x}".encode()
        self._formats = [Format.BINARY] * len(types)
        self._kept = kept
        self._prepared: WeakKeyDictionary[Connection[Any], bool] = WeakKeyDictionary()

    def row(self, connection: Connection[Any], values: list[bytes | None]) -> list[bytes | None]:
        """Run it; the columns of its first row in the server's binary format, none if there is no row.

        Outside a transaction the connection has to be in autocommit mode: none is begun for it.

        Raises:
            psycopg.Error: As from a cursor.
        """
        with connection.lock:
            result = self._run(connection, values)
        if result.status != ExecStatus.TUPLES_OK:
            raise self._error(result)
        return [result.get_value(0, column) for column in range(result.nfields if result.ntuples else 0)]

    def is_known_to(self, connection: Connection[Any]) -> bool:
        """Whether it was prepared there: before that it is not run."""
        return connection in self._prepared

    def prepare(self, connection: Connection[Any]) -> bool:
        """Has the server parse it, as ``row`` does at first; true, or false where nothing is to be prepared.

        Raises:
            psycopg.Error: As from a cursor.
        """
        if isinstance(connection, BorrowedSession):
            self._prepared[connection] = False
            return False
        connection.pgconn.send_prepare(self.name, self.query, self._types)
        result = _result(connection)
        if result.status != ExecStatus.COMMAND_OK and not _is(result, pg.DuplicatePreparedStatement):
            raise self._error(result)
        self._prepared[connection] = True
        return True

    def _run(self, connection: Connection[Any], values: list[bytes | None]) -> PGresult:
        prepared = self._prepared.get(connection)
        if prepared is None:
            prepared = self._kept and self.prepare(connection)
        pgconn = connection.pgconn
        if prepared:
            pgconn.send_query_prepared(self.name, values, self._formats, Format.BINARY)
            result = _result(connection)
            if not _is(result, pg.InvalidSqlStatementName):
                return result
            self._prepared[connection] = False  # a pooler has sent it elsewhere: nothing was done
        pgconn.send_query_params(self.query, values, self._types, self._formats, Format.BINARY)
        return _result(connection)

    def _error(self, result: PGresult) -> pg.Error:
        error = pg.error_from_result(result)
        error.add_note(f"in {self._verb}.sql")
        return error


def _result(connection: Connection[Any]) -> PGresult:
    results: list[PGresult] = connection.wait(generators.execute(connection.pgconn))
    return results[-1]


def _is(result: PGresult, error: type[pg.Error]) -> bool:
    return result.status == ExecStatus.FATAL_ERROR and isinstance(pg.error_from_result(result), error)
