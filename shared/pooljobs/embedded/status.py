"""How a server stands, for who asks: nothing is started, made or changed, and it may end at any moment."""

from __future__ import annotations

import os
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from pooljobs.embedded import pidfile
from pooljobs.embedded.holders import Holder, holders
from pooljobs.embedded.location import ServerPaths
from pooljobs.embedded.project import Home
from pooljobs.embedded.server import Server
from pooljobs.embedded.sessions import Session, sessions, version

_BLOCK: Final = 512
"""Bytes, on every file system."""


@dataclass(frozen=True, slots=True)
class Status:
    """What there is.

    Attributes:
        home: Whose it is, and where.
        version: Of the running server ("18.6"), else of the data ("18"); None where there are no data.
        size: Bytes of its directory.
        pid: Of the running server; None where none runs.
        url: For other programs on this machine, while it runs.
        users: Processes that keep it running, where the kernel tells them.
        sessions: Who is connected.
    """

    home: Home
    version: str | None = None
    _: KW_ONLY
    size: int = 0
    pid: int | None = None
    url: str | None = None
    users: tuple[Holder, ...] = ()
    sessions: tuple[Session, ...] = ()


def status(home: Home) -> Status:
    """How the server of this home stands."""
    layout = ServerPaths(home.root.resolve())
    size, of_data = _size(layout.root), _data_version(layout.data)
    file = pidfile.server_in(layout.data)
    if file is None:
        return Status(home, of_data, size=size)
    users = tuple(holders(layout.users_lock))
    if not file.ready:
        return Status(home, of_data, size=size, pid=file.pid, users=users)
    server = Server(file.pid, Path(file.sockets))
    try:
        return Status(
            home,
            version(server),
            size=size,
            pid=file.pid,
            url=_url(server),
            users=users,
            sessions=tuple(sessions(server)),
        )
    except psycopg.Error:  # it has just ended, or takes nobody in
        return Status(home, of_data, size=size, pid=file.pid, users=users)


def _url(server: Server) -> str:
    return f"postgresql://pooljobs@{quote(str(server.sockets), safe='')}/postgres"


def _data_version(data: Path) -> str | None:
    try:
        return (data / "PG_VERSION").read_text().strip()
    except OSError:
        return None


def _size(root: Path) -> int:
    """What the directory takes on the disk, as far as it may be looked into."""
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_blocks * _BLOCK
            except OSError:  # gone by now
                continue
    return total
