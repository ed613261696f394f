"""Hears of jobs by LISTEN, on the waker's connection.

Behind a pooler in transaction mode LISTEN succeeds and nothing ever arrives. So it is tried when a connection is new:
a notification to ourselves must come back.
"""

from __future__ import annotations

import logging
import select
import time
from typing import Any

from psycopg import Connection, Notify, sql

from pooljobs.db.statements import Statements

LONGEST_TRIAL = 3.0
"""Seconds in which a notification to ourselves must arrive."""


class Listener:
    """What was heard on one connection after the other; errors of the database come through."""

    def __init__(self, statements: Statements, log: logging.Logger) -> None:
        self._listen = statements.load("listen")
        self._log = log
        self._logged = False
        self._room = True
        self._heard: list[Notify] = []

    def listen(self, connection: Connection[Any]) -> bool:
        """Whether notifications arrive on this new connection. If they do not, that is logged, once."""
        self._heard.clear()
        connection.add_notify_handler(self._heard.append)
        connection.execute(self._listen)
        hears = self._try_out(connection)
        if not hears and not self._logged:
            self._logged = True
            self._log.warning(
                "notifications do not arrive on this connection (a pooler in transaction mode?):"
                " idle workers look for jobs by themselves, twice a second; with --no-listen every --poll-interval"
            )
        return hears

    def note_room(self, *, enough: bool) -> None:
        """Logs when the server has no room for notifications, and when it has again."""
        if enough is self._room:
            return
        self._room = enough
        if enough:
            self._log.info("the server's queue of notifications has room again")
        else:
            self._log.warning(
                "the server's queue of notifications is more than half full: somebody LISTENs, and has left a"
                " transaction open (pg_stat_activity.xact_start); meanwhile idle workers look for jobs by themselves"
            )

    def take(self, connection: Connection[Any]) -> list[str]:
        """The payloads that have arrived by now, those that came with the answer to a statement too."""
        pgconn = connection.pgconn
        pgconn.consume_input()
        payloads = [notify.payload for notify in self._heard]
        self._heard.clear()
        while (notify := pgconn.notifies()) is not None:
            payloads.append(notify.extra.decode())
        return payloads

    def _try_out(self, connection: Connection[Any]) -> bool:
        """On a channel of its own, so that nobody else is woken."""
        channel = f"pooljobs_trial_{connection.info.backend_pid}_{time.monotonic_ns()}"
        name = sql.Identifier(channel)
        connection.execute(sql.SQL("LISTEN {}").format(name))
        connection.execute("SELECT pg_notify(%s, 'heard')", (channel,))
        arrived = self._await(connection, "heard")
        connection.execute(sql.SQL("UNLISTEN {}").format(name))
        return arrived

    def _await(self, connection: Connection[Any], payload: str) -> bool:
        deadline = time.monotonic() + LONGEST_TRIAL
        sources = select.poll()
        sources.register(connection.fileno(), select.POLLIN)
        while payload not in self.take(connection):
            if (left := deadline - time.monotonic()) <= 0:
                return False
            sources.poll(left * 1000)
        return True
