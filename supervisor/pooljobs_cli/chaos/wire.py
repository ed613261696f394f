"""The wire between fleet and server: starts the proxy, tells what to put into the fleet's DSN, passes orders on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg.conninfo import make_conninfo

from pooljobs.db.connect import connect
from pooljobs.errors import PoolJobsError

SILENT_SHARE = 0.3
"""Of the connections there are, how many one harm hits."""


class Wire:
    """A running proxy. ``dsn`` leads through it."""

    def __init__(self, process: subprocess.Popen[bytes], dsn: str, *, target: str, local: bool) -> None:
        self._process = process
        port = self._hear()
        self.target = target
        way: dict[str, Any] = {"hostaddr": "127.0.0.1", "port": port}
        # the server speaks no TLS on a Unix socket, and a client may insist on it over TCP
        self.dsn = make_conninfo(dsn, **way | ({"host": "localhost", "sslmode": "disable"} if local else {}))

    @classmethod
    def start(cls, dsn: str) -> Self:
        """Start it for the server that the DSN leads to now.

        Raises:
            DatabaseUnreachableError: It leads to none.
        """
        with connect(dsn, application_name="pooljobs chaos") as connection:
            target, local = _target(connection)
        process = subprocess.Popen(
            [sys.executable, "-m", "pooljobs_cli.chaos.proxy", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return cls(process, dsn, target=target, local=local)

    def silence(self, victim: float, seconds: float | None, share: float = SILENT_SHARE) -> int:
        """Have some connections go silent, for ever if ``seconds`` is None; how many."""
        return self._order(do="silence", share=share, victim=victim, seconds=seconds)

    def reset(self, victim: float, share: float = SILENT_SHARE) -> int:
        """Reset some connections; how many."""
        return self._order(do="reset", share=share, victim=victim)

    def silent(self) -> int:
        """Connections that are silent and whose client is still there."""
        return self._order(do="count")

    def heal(self) -> int:
        """Reset all silent connections; how many."""
        return self._order(do="heal")

    def close(self) -> None:
        """End the proxy, and all connections with it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _order(self, **order: object) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PoolJobsError(f"the proxy ended with exit code {self._process.wait()}")
        return int(line)


@contextmanager
def open_wire(dsn: str) -> Iterator[Wire]:
    """A wire for as long as the block lasts."""
    wire = Wire.start(dsn)
    try:
        yield wire
    finally:
        wire.close()


def _target(connection: psycopg.Connection[Any]) -> tuple[str, bool]:
    """Where the server listens, and whether that is a Unix socket."""
    info = connection.info
    if info.host.startswith("/"):
        return f"{info.host}/.s.PGSQL.{info.port}", True
    return f"{info.hostaddr or info.host}:{info.port}", False
