"""TCP proxies in front of PostgreSQL, each with a part of what a client sees behind a pooler in transaction mode.

All else passes unchanged. They read the server's messages one by one (a type byte, four bytes of length).
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

NOTIFICATION, BACKEND_KEY = b"A", b"K"

Message = tuple[bytes, bytes]
"""The type, and what follows the length."""
Change = Callable[[Message], Message | None]


def deaf(dsn: str) -> AbstractContextManager[str]:
    """A DSN that leads to the same database through a proxy that drops notifications."""
    return _through(dsn, lambda message: None if message[0] == NOTIFICATION else message)


def with_pids_of_its_own(dsn: str) -> AbstractContextManager[str]:
    """The same through one whose clients are told another pid than their backend's, as all poolers do."""

    def change(message: Message) -> Message:
        kind, body = message
        if kind != BACKEND_KEY:
            return message
        return kind, struct.pack("!I", struct.unpack("!I", body[:4])[0] ^ 1) + body[4:]

    return _through(dsn, change)


@contextmanager
def _through(dsn: str, change: Change) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, _address(dsn), change), daemon=True).start()
        parts = {**conninfo_to_dict(dsn), "host": "127.0.0.1", "port": listener.getsockname()[1]}
        parts.pop("hostaddr", None)
        yield make_conninfo("", **{**parts, "sslmode": "disable", "gssencmode": "disable"})


def _address(dsn: str) -> str | tuple[str, int]:
    with psycopg.connect(dsn) as connection:
        host, port = connection.info.host, connection.info.port
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def _accept(listener: socket.socket, address: str | tuple[str, int], change: Change) -> None:
    with suppress(OSError):  # the test is over
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX) if isinstance(address, str) else socket.socket()
            server.connect(address)
            threading.Thread(target=_forward, args=(client, server), daemon=True).start()
            threading.Thread(target=_filter, args=(server, client, change), daemon=True).start()


def _forward(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(65536):
            server.sendall(data)
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)


def _filter(server: socket.socket, client: socket.socket, change: Change) -> None:
    with suppress(OSError, EOFError), server, client:
        while True:
            head = _read(server, 5)
            body = _read(server, struct.unpack("!I", head[1:])[0] - 4)
            if (kept := change((head[:1], body))) is not None:
                client.sendall(kept[0] + struct.pack("!I", len(kept[1]) + 4) + kept[1])


def _read(server: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = server.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
