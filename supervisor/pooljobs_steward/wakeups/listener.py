"""The steward's second connection: hears of jobs by LISTEN, and carries the statements that go with it.

Behind a pooler in transaction mode LISTEN succeeds and nothing ever arrives. So it is tried when the connection is
opened: a notification to ourselves must come back.
"""

from __future__ import annotations

import logging
import select
import time
from typing import Any

from psycopg import Connection, Notify, sql
from psycopg_pool import ConnectionPool

from pooljobs.db.statements import Statements
from pooljobs_steward.connection import LOCK_TIMEOUT
from pooljobs_steward.statement_watchdog import StatementWatchdog

LONGEST_TRIAL = 3.0
"""Seconds in which a notification to ourselves must arrive."""


class Listener:
    """Holds the connection from ``open`` to ``close``; errors of the database come through."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        statements: Statements,
        watchdog: StatementWatchdog,
        log: logging.Logger,
    ) -> None:
        self._pool = pool
        self._watchdog = watchdog
        self._listen = statements.load("listen")
        self._log = log
        self._told = False
        self._heard: list[Notify] = []
        self._connection: Connection[Any] | None = None

    @property
    def connection(self) -> Connection[Any]:
        """The open connection."""
        assert self._connection is not None, "open() comes first"
        return self._connection

    @property
    def opened(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    def open(self, *, listen: bool) -> bool:
        """Connects; whether notifications arrive. If they were wanted and do not, that is logged, once."""
        self._connection = connection = self._pool.getconn(timeout=2.0)
        self._watchdog.tie(connection)
        self._heard.clear()
        connection.add_notify_handler(self._heard.append)
        with self._watchdog.waiting():
            connection.execute(LOCK_TIMEOUT)
            if not listen:
                return False
            connection.execute(self._listen)
            hears = self._try_out(connection)
        if not hears and not self._told:
            self._told = True
            self._log.warning(
                "notifications do not arrive on this connection (a pooler in transaction mode?):"
                " idle workers look for jobs by themselves, twice a second; with --no-listen every --poll-interval"
            )
        return hears

    def fileno(self) -> int:
        """Readable when something has arrived."""
        return self.connection.fileno()

    def take(self) -> list[str]:
        """The payloads that have arrived by now, those that came with the answer to a statement too."""
        pgconn = self.connection.pgconn
        pgconn.consume_input()
        payloads = [notify.payload for notify in self._heard]
        self._heard.clear()
        while (notify := pgconn.notifies()) is not None:
            payloads.append(notify.extra.decode())
        return payloads

    def close(self) -> None:
        """Ends the connection: it must not come back into the pool while it listens."""
        connection, self._connection = self._connection, None
        self._watchdog.untie()
        if connection is not None:
            connection.close()
            self._pool.putconn(connection)

    def _try_out(self, connection: Connection[Any]) -> bool:
        """On a channel of its own, so that nobody else is woken."""
        channel = f"pooljobs_trial_{connection.info.backend_pid}_{time.monotonic_ns()}"
        name = sql.Identifier(channel)
        connection.execute(sql.SQL("LISTEN {}").format(name))
        connection.execute("SELECT pg_notify(%s, 'heard')", (channel,))
        arrived = self._await("heard")
        connection.execute(sql.SQL("UNLISTEN {}").format(name))
        return arrived

    def _await(self, payload: str) -> bool:
        deadline = time.monotonic() + LONGEST_TRIAL
        sources = select.poll()
        sources.register(self.fileno(), select.POLLIN)
        while payload not in self.take():
            if (left := deadline - time.monotonic()) <= 0:
                return False
            sources.poll(left * 1000)
        return True
