"""The embedded server as its users see it: acquired, used, closed. Any number of processes may use it at once.

Every decision to start or to stop is made under the start lock, so that nobody adopts a server that its last user is
stopping. A user that is killed frees its lock with its life; the next one to close is then the last.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pooljobs.embedded.account import Account, require_name, server_account
from pooljobs.embedded.cluster import ensure_data
from pooljobs.embedded.copied_programs import runnable
from pooljobs.embedded.location import ServerPaths, prepare_root, release_sockets, socket_directory
from pooljobs.embedded.programs import find_programs
from pooljobs.embedded.project import Home, default_home, record_project
from pooljobs.embedded.server import PAUSE, InUseError, Server, adopt, start, stop
from pooljobs.embedded.users import User, alone
from pooljobs.errors import EmbeddedError

CLOSE_TIMEOUT = 60.0
"""Seconds to wait for somebody who is starting the server while we leave it."""


class EmbeddedServer:
    """One use of the embedded server. Close it, or use it in a ``with``; a process that ends closes it too.

    Attributes:
        root: Its directory.
        project: Whose it is; None where the directory was named.
        dsn: libpq connection string of its database ``postgres``.
        started: Whether this use started the server; False if it ran already.
    """

    def __init__(self, layout: ServerPaths, server: Server, *, user: User, project: Path | None = None) -> None:
        self._layout = layout
        self.project = project
        self._server = server
        self._user = user
        self.root = layout.root
        self.dsn = server.dsn
        self.started = server.process is not None
        atexit.register(self.close)

    def close(self) -> None:
        """Stop using the server, which ends it if nobody else does. In a forked child: only let go of it.

        Raises:
            EmbeddedError: The server would not stop, or its directory is not there any more.
        """
        atexit.unregister(self.close)
        try:
            if self._user.leaving_is_ours:
                self._leave()
        except OSError as error:
            raise EmbeddedError(f"cannot leave the embedded PostgreSQL in {self.root}: {error}", hint=_LEFT) from error
        finally:
            self._user.leave()

    def _leave(self) -> None:
        with alone(self._layout.start_lock, time.monotonic() + CLOSE_TIMEOUT):
            if self._user.is_last():
                if server := self._now():
                    stop(server, self._layout.data)
                    release_sockets(self._layout, server.sockets)
            elif self._server.process is not None:
                self._server.process.returncode = 0  # others use it on: it is not ours to wait for any more

    def _now(self) -> Server | None:
        """The server of this moment: ours may have been killed, and another user's be running in its place."""
        if self._server.process is not None and self._server.process.poll() is None:
            return self._server
        return adopt(self._layout.data, time.monotonic() + CLOSE_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()


def acquire(
    root: Path | None = None, *, timeout: float = 60.0, settings: Mapping[str, str] | None = None
) -> EmbeddedServer:
    """Use the embedded server of a directory: the one that runs there, else one started now.

    Args:
        root: Its directory; default: ``default_root()``, the one that all commands and applications of a project share.
        timeout: Seconds until the server must take connections, or this gives up.
        settings: Further configuration parameters of the server; of no effect if it runs already.

    Raises:
        EmbeddedError: PostgreSQL is not installed, does not fit the data, or did not start.
    """
    deadline = time.monotonic() + timeout
    home = default_home() if root is None else Home(root)
    account = server_account(home.root / "data")
    layout = prepare_root(home.root, account)
    try:
        with alone(layout.start_lock, deadline, account):
            user = User(layout.users_lock, deadline, account)
            try:
                if home.project:
                    record_project(layout, home.project)
                server = _running(layout, account, settings or {}, deadline)
                return EmbeddedServer(layout, server, user=user, project=home.project)
            except BaseException:
                user.leave()
                raise
    except OSError as error:
        raise EmbeddedError(f"cannot use the embedded PostgreSQL in {layout.root}: {error}", hint=_ELSEWHERE) from error


_LEFT = "if it still runs, ps shows its directory behind -D; kill -INT ends it"
_ELSEWHERE = "name another directory with POOLJOBS_DATA_DIR, or a server of your own with DATABASE_URL"


def _running(layout: ServerPaths, account: Account | None, settings: Mapping[str, str], deadline: float) -> Server:
    if server := adopt(layout.data, deadline):
        return server
    require_name(account)
    programs = runnable(find_programs(layout.data), layout.root, account)
    ensure_data(layout, programs, account)
    sockets = socket_directory(layout, account)
    while True:
        try:
            return start(layout, programs, sockets, account=account, settings=settings, deadline=deadline)
        except InUseError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE)
