"""Runs the hottest statements with less around them than a cursor of psycopg's.

A cursor does for each statement what serves any: it copies adapters, finds a dumper for each value and a loader for
each column. That takes a third of the time of a short statement, and half where the process has just woken up. Here
values come as the server takes them (``binary.py``), and go as it sends them. Sending and waiting are psycopg's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zlib import crc32

from psycopg import Connection, generators
from psycopg import errors as pg
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from pooljobs.db.binary import Oid

_PLACEHOLDER: Final = re.compile(rb"%\((\w+)\)s")

UTF8: Final = {"client_encoding": "UTF8"}
"""What a hot connection has to be opened with: texts are sent to it as UTF-8, whatever the database stores."""


class HotStatement:
    """One statement, ready to be sent.

    Attributes:
        name: What it is prepared as. It tells the text as well: behind a pooler others may have prepared theirs.
        query: The text, with ``$1`` and so on in the place of named placeholders.
        types: OIDs of the parameters, in the order of their values.
        formats: All binary.
    """

    def __init__(self, verb: str, query: bytes, types: Mapping[str, Oid]) -> None:
        """``query`` is as for a cursor; ``types`` names its parameters in the order in which values will come."""
        places = {name.encode(): b"$%d" % place for place, name in enumerate(types, 1)}
        self.query = _PLACEHOLDER.sub(lambda found: places[found[1]], query).replace(b"%%", b"%")
        self.name = f"pooljobs_{verb}_{crc32(self.query):08x}".encode()
        self.types = tuple(map(int, types.values()))
        self.formats = (Format.BINARY,) * len(types)


class HotConnection(Connection[Any]):
    """A connection that runs hot statements too; in autocommit mode, since it begins no transaction for them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: set[bytes] = set()
        self._forgets = False

    def row(self, statement: HotStatement, values: Sequence[bytes | None]) -> list[bytes | None]:
        """Run it; the columns of its first row in the server's binary format, none if there is no row.

        Raises:
            psycopg.Error: As from a cursor.
        """
        with self.lock:
            result = self._run(statement, values)
        if result.status != ExecStatus.TUPLES_OK:
            raise pg.error_from_result(result)
        return [result.get_value(0, column) for column in range(result.nfields if result.ntuples else 0)]

    def _run(self, statement: HotStatement, values: Sequence[bytes | None]) -> PGresult:
        pgconn = self.pgconn
        if not self._forgets:
            if statement.name not in self._known:
                self._prepare(pgconn, statement)
            pgconn.send_query_prepared(statement.name, values, statement.formats, Format.BINARY)
            result = self._result(pgconn)
            if not _is(result, pg.InvalidSqlStatementName):
                return result
            self._forgets = True  # a pooler has sent it elsewhere: nothing was done; nothing is prepared from now on
        pgconn.send_query_params(statement.query, values, statement.types, statement.formats, Format.BINARY)
        return self._result(pgconn)

    def _prepare(self, pgconn: PGconn, statement: HotStatement) -> None:
        pgconn.send_prepare(statement.name, statement.query, statement.types)
        result = self._result(pgconn)
        if result.status != ExecStatus.COMMAND_OK and not _is(result, pg.DuplicatePreparedStatement):
            raise pg.error_from_result(result)
        self._known.add(statement.name)

    def _result(self, pgconn: PGconn) -> PGresult:
        results: list[PGresult] = self.wait(generators.execute(pgconn))
        return results[-1]


def _is(result: PGresult, error: type[pg.Error]) -> bool:
    return result.status == ExecStatus.FATAL_ERROR and isinstance(pg.error_from_result(result), error)
