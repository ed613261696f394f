"""Reads ``postmaster.pid``, and tells whether a server runs there.

Often none does: after a kill -9 the file stays, and its pid may be a zombie or belong to a stranger by now, both of
which are common in containers.
"""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pooljobs.embedded.location import SOCKET
from pooljobs.embedded.postmaster import is_server

LINES = 8
"""Of a complete file: pid, data directory, start time, port, socket directory, address, shared memory, status."""

_PID = re.compile(r"[0-9]{1,10}")
_PIDS = 2**31

PATIENCE = 5.0
"""Seconds to wait for an answer at a socket."""

SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
"""The shortest question of PostgreSQL's protocol; the answer is one letter, which is not a yes at a Unix socket."""


@dataclass(frozen=True, slots=True)
class PidFile:
    """What the server says of itself. ``sockets`` and ``status`` are empty while it starts."""

    pid: int
    sockets: str = ""
    status: str = ""

    @property
    def ready(self) -> bool:
        """Whether it takes connections."""
        return self.status == "ready" and bool(self.sockets)


def read(data: Path) -> PidFile | None:
    """The data directory's pid file; None where there is none, or an empty one."""
    try:
        return parse(os.fsdecode((data / "postmaster.pid").read_bytes()))
    except FileNotFoundError:
        return None


def parse(text: str) -> PidFile | None:
    """Takes the file apart; None where its first line is no pid."""
    lines = text.split("\n")
    pid = int(lines[0]) if _PID.fullmatch(lines[0].strip()) else 0
    if not 0 < pid < _PIDS:
        return None
    return PidFile(pid, lines[4], lines[7].strip()) if len(lines) >= LINES else PidFile(pid)


def server_in(data: Path) -> PidFile | None:
    """The pid file of a server that runs on this directory now; None where none does.

    One in another container, which shares the directory with us, is known by its socket alone.
    """
    file = read(data)
    return file if file and (is_server(file.pid, data) or answers(file)) else None


def answers(file: PidFile) -> bool:
    """Whether a server answers at the socket. A silent one that keeps the connection is taken to be busy, not dead."""
    if not file.ready:
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PATIENCE)
        try:
            probe.connect(f"{file.sockets}/{SOCKET}")
            probe.sendall(SSL_REQUEST)  # the kernel takes connections for a process that is dying: let it speak
            return bool(probe.recv(1))
        except (TimeoutError, BlockingIOError):
            return True
        except OSError:
            return False


def remove_useless(data: Path, sockets: Path) -> None:
    """Removes what would only keep PostgreSQL from starting. The caller knows that no server runs.

    That is a pid file which a crash or a full disk left empty, and any lock file of the socket, whose directory is
    this server's alone. A pid file that is whole stays: it leads to the shared memory of the server before.
    """
    with suppress(FileNotFoundError):
        if not (data / "postmaster.pid").stat().st_size:
            (data / "postmaster.pid").unlink()
    (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)
