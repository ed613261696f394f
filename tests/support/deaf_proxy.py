"""A TCP proxy in front of PostgreSQL that drops notifications: what a client sees behind a pooler in transaction mode.

Everything else passes unchanged. It reads the server's messages one by one (a type byte, four bytes of length).
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

NOTIFICATION = b"A"


@contextmanager
def deaf(dsn: str) -> Iterator[str]:
    """A DSN that leads to the same database through the proxy."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, _address(dsn)), daemon=True).start()
        parts = {**conninfo_to_dict(dsn), "host": "127.0.0.1", "port": listener.getsockname()[1]}
        parts.pop("hostaddr", None)
        yield make_conninfo("", **parts, sslmode="disable", gssencmode="disable")


def _address(dsn: str) -> str | tuple[str, int]:
    with psycopg.connect(dsn) as connection:
        host, port = connection.info.host, connection.info.port
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def _accept(listener: socket.socket, address: str | tuple[str, int]) -> None:
    with suppress(OSError):  # the test is over
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX) if isinstance(address, str) else socket.socket()
            server.connect(address)
            threading.Thread(target=_forward, args=(client, server), daemon=True).start()
            threading.Thread(target=_filter, args=(server, client), daemon=True).start()


def _forward(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(65536):
            server.sendall(data)
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)


def _filter(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError, EOFError), server, client:
        while True:
            head = _read(server, 5)
            body = _read(server, struct.unpack("!I", head[1:])[0] - 4)
            if head[:1] != NOTIFICATION:
                client.sendall(head + body)


def _read(server: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = server.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
