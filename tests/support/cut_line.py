"""A TCP proxy in front of PostgreSQL whose line is cut, mended, or lost at a chosen word of client or server."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_NAME = b"default_transaction_read_only\0"
SAID: Final = b"S" + struct.pack("!I", 4 + len(_NAME) + 4) + _NAME + b"off\0"
SAYS_READ_ONLY: Final = b"S" + struct.pack("!I", 4 + len(_NAME) + 3) + _NAME + b"on\0"
"""What a server says of itself to who comes, when it takes writes and when it takes none."""


class Line:
    """Passes everything on, until it is told otherwise.

    Attributes:
        tries: Connections that were tried, in vain or not.
        lose_request: What the client says with this in it does not reach the server, and the line is lost.
        lose_answer: What the server says with this in it does not reach the client, and the line is lost.
        read_only: Whether clients that come are told that the server takes no writes.
    """

    def __init__(self, dsn: str) -> None:
        self._address = _address(dsn)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[socket.socket] = []
        self._whole = True
        self.port: int = self._listener.getsockname()[1]
        self.tries = 0
        self.lose_request = self.lose_answer = b""
        self.read_only = False
        parts = {**conninfo_to_dict(dsn), "host": "127.0.0.1", "port": self.port}
        parts.pop("hostaddr", None)
        self.dsn = make_conninfo("", **{**parts, "sslmode": "disable", "gssencmode": "disable"})
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cuts what is connected, and whoever comes from now on."""
        self._whole = False
        for link in (*self._links,):
            _reset(link)

    def mend(self) -> None:
        """Lets everybody pass again."""
        self._whole = True

    def close(self) -> None:
        """Ends it."""
        self.cut()
        _reset(self._listener)

    def _accept(self) -> None:
        with suppress(OSError):  # the test is over
            while True:
                client, _ = self._listener.accept()
                self.tries += 1
                if not self._whole:
                    _reset(client)
                    continue
                server = socket.socket(socket.AF_UNIX) if isinstance(self._address, str) else socket.socket()
                server.connect(self._address)
                self._links += [client, server]
                threading.Thread(target=self._carry, args=(client, server), daemon=True).start()
                threading.Thread(target=self._carry, args=(server, client), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        """What a test looks for is said in one piece: it is short, and waited for."""
        from_client = source.family == socket.AF_INET and source.getsockname()[1] == self.port
        with suppress(OSError):
            while data := source.recv(65536):
                lost = self.lose_request if from_client else self.lose_answer
                if lost and lost in data:
                    break
                if self.read_only and not from_client:
                    data = data.replace(SAID, SAYS_READ_ONLY)
                sink.sendall(data)
        _reset(source)
        _reset(sink)


@contextmanager
def line_to(dsn: str) -> Iterator[Line]:
    """A line to the database of ``dsn``."""
    line = Line(dsn)
    try:
        yield line
    finally:
        line.close()


def _address(dsn: str) -> str | tuple[str, int]:
    with psycopg.connect(dsn) as connection:
        host, port = connection.info.host, connection.info.port
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
