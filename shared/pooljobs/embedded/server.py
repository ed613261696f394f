"""Starts, adopts and stops the embedded server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg.conninfo import make_conninfo

from pooljobs.embedded import cluster, pidfile, programs
from pooljobs.embedded.account import Account
from pooljobs.embedded.location import SOCKET_FILE, default_root, socket_directory
from pooljobs.embedded.users import Use, turn
from pooljobs.errors import EmbeddedError

STOP_TIMEOUT = 30.0
"""Seconds for a fast shutdown, before an immediate one, which recovers at the next start."""

POLL = 0.02

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "200",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The directories of one server."""

    root: Path
    account: Account

    @property
    def data(self) -> Path:
        """What PostgreSQL calls PGDATA."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.root / "postgres.log"

    @property
    def sockets(self) -> Path:
        """Where clients find it."""
        return socket_directory(self.data)

    def answers(self) -> bool:
        """Whether a server listens on the socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.sockets / SOCKET_FILE))
            except OSError:
                return False
        return True


class EmbeddedServer:
    """A running server that this process uses. Leaving the ``with`` block, or ``close``, ends the use.

    Attributes:
        root: Its directory.
        dsn: libpq connection string.
        started: Whether this process started it; False if it was running.
    """

    def __init__(self, place: Place, use: Use, process: subprocess.Popen[bytes] | None) -> None:
        self.root = place.root
        self.dsn = make_conninfo(host=str(place.sockets), port="5432", user=cluster.USER, dbname="postgres")
        self.started = process is not None
        self._process = process
        self._place = place
        self._use: Use | None = use

    def close(self) -> None:
        """Uses the server no more; stops it if nobody else does, whoever started it. A second call does nothing.

        In a forked child it only lets go: the server is the parent's.
        """
        use, self._use = self._use, None
        if use is None:
            return
        if use.inherited:
            use.end()
            return
        with turn(self.root):
            if use.is_last():
                _stop(self._place, self._process)
            use.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()


def acquire(
    root: Path | None = None, *, timeout: float = 60.0, settings: Mapping[str, str] | None = None
) -> EmbeddedServer:
    """The server on ``root``: the one that runs there, else a new one, on new data if there is none.

    Args:
        root: Its directory. Default: ``default_root()``.
        timeout: Seconds that a start may take, recovery after a crash included.
        settings: PostgreSQL settings for a server that is started now, beside the usual ones.

    Raises:
        EmbeddedError: No programs were found, or the server did not start; the message says why.
    """
    place = Place((root or default_root()).absolute(), Account.choose())
    _prepare_root(place)
    with turn(place.root):
        use = Use(place.root)
        try:
            if pidfile.running_pid(place.data) and place.answers():
                return EmbeddedServer(place, use, None)
            process = _start(place, timeout, {**SETTINGS, **(settings or {})})
        except BaseException:
            use.end()
            raise
        return EmbeddedServer(place, use, process)


def _prepare_root(place: Place) -> None:
    try:
        place.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "set POOLJOBS_DATA_DIR to a directory that can be written to"
        raise EmbeddedError(f"cannot make {place.root}: {error.strerror}", hint=hint) from None
    if not place.account.enters(place.root):
        name = place.account.entry.pw_name if place.account.entry else "this user"
        raise EmbeddedError(
            f"PostgreSQL runs as {name}, who may not enter {place.root}",
            hint="set POOLJOBS_DATA_DIR to a directory under one that everybody may enter, such as /var/lib",
        )


def _start(place: Place, timeout: float, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    found = programs.reachable(programs.find(place.data), place.account, place.root)
    place.account.own(place.data)
    cluster.ensure(place.data, found, place.account)
    place.account.own(place.sockets)
    command: list[str | Path] = [found.bindir / "postgres", "-D", place.data]
    for key, value in {**settings, "unix_socket_directories": _quoted(place.sockets)}.items():
        command += ["-c", f"{key}={value}"]
    stale = pidfile.stale_pid(place.data)
    environ = os.environ | ({"PG_GRANDPARENT_PID": str(stale)} if stale else {})
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,  # a terminal's Ctrl-C must not reach it: it ends last
            **place.account.switch,
        )
    _wait_ready(place, process, timeout)
    return process


def _quoted(path: Path) -> str:
    """A path as one entry of a PostgreSQL list setting."""
    return '"' + str(path).replace('"', '""') + '"'


def _wait_ready(place: Place, process: subprocess.Popen[bytes], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not pidfile.is_ready(place.data, process.pid):
        if process.poll() is not None:
            raise EmbeddedError(f"postgres exited with {process.returncode}:\n{_tail(place.log)}", hint=_see(place))
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGQUIT)
            process.wait()
            raise EmbeddedError(f"postgres was not ready after {timeout:g} s", hint=_see(place))
        time.sleep(POLL)


def _tail(log: Path, characters: int = 1500) -> str:
    return log.read_text(errors="replace")[-characters:].strip()


def _see(place: Place) -> str:
    return f"its log is {place.log}"


def _stop(place: Place, process: subprocess.Popen[bytes] | None) -> None:
    """Stops the server by its pid, for another process may have started it; waits until it is gone."""
    pid = pidfile.running_pid(place.data)
    if pid is None:
        return
    ours = process if process is not None and process.pid == pid else None
    for number in (signal.SIGINT, signal.SIGQUIT):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_TIMEOUT
        while time.monotonic() < deadline:
            if ours.poll() is not None if ours else not pidfile.is_postgres(pid):
                return
            time.sleep(POLL)
