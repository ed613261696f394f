"""Where chaos works: a directory of its own, and a server of its own in it or the one it was given."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pooljobs.db.database import open_database
from pooljobs.errors import EmbeddedError, OptionError
from pooljobs_cli.chaos.application.journal import FOLDER
from pooljobs_cli.chaos.pooler import end_left
from pooljobs_cli.chaos.processes import having, send
from pooljobs_cli.staging.own_folder import own_folder

if TYPE_CHECKING:
    from pooljobs.embedded import EmbeddedServer

_SETTINGS: Final = {"max_connections": "60", "log_min_messages": "fatal"}
_CRASH: Final = 15.0
"""Seconds that the server may take to be gone."""


class OwnServer:
    """An embedded server that nobody else uses, and that may be crashed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._server = self._acquire()
        self.dsn = self._server.dsn

    def crash(self) -> None:
        """Restart it in immediate mode: no goodbye to its clients, no checkpoint, and recovery at the start.

        Raises:
            EmbeddedError: It did not go, or did not come back.
        """
        from pooljobs.embedded import postmaster
        from pooljobs.embedded.pidfile import read

        file = read(self._root / "data")
        if file is None:
            raise EmbeddedError(f"no server runs in {self._root}")
        postmaster.send(file.pid, signal.SIGQUIT, self._root / "data")
        deadline = time.monotonic() + _CRASH
        while postmaster.is_server(file.pid, self._root / "data"):
            if time.monotonic() >= deadline:
                raise EmbeddedError(f"PostgreSQL, pid {file.pid}, does not stop in immediate mode")
            time.sleep(0.01)
        before, self._server = self._server, self._acquire()
        before.close()

    def close(self) -> None:
        """Stop it."""
        self._server.close()

    def _acquire(self) -> EmbeddedServer:
        from pooljobs.embedded import acquire  # not needed, nor perhaps installed, where a DSN was given

        return acquire(self._root, settings=_SETTINGS)


class ChaosServer:
    """A directory with ``code``, ``journal`` and ``logs`` in it, a database, and its server if that is ours."""

    def __init__(self, folder: Path, dsn: str, server: OwnServer | None) -> None:
        self.folder = folder
        self.dsn = dsn
        self.server = server
        self.keep = True


@contextmanager
def open_place(dsn: str | None) -> Iterator[ChaosServer]:
    """The place; its directory is removed at the end if ``keep`` was set to False.

    Raises:
        OptionError: ``dsn`` is not a connection string.
        EmbeddedError: The embedded server is not installed or did not start.
    """
    with own_folder("pooljobs-chaos-", _end_left) as own:
        own.path.chmod(0o711)  # so that the account of root's server can pass
        for name in ("code", "journal", "logs"):
            (own.path / name).mkdir()
        with _database(own.path, dsn) as (found, server):
            place = ChaosServer(own.path, found, server)
            try:
                yield place
            except (KeyboardInterrupt, OptionError):  # nobody has anything to look for
                place.keep = False
                raise
            finally:
                own.keep = place.keep


@contextmanager
def _database(folder: Path, dsn: str | None) -> Iterator[tuple[str, OwnServer | None]]:
    if dsn:
        with open_database(dsn) as database:
            yield database.dsn, None
        return
    server = OwnServer(folder / "server")
    try:
        yield server.dsn, server
    finally:
        server.close()


def _end_left(folder: Path) -> None:
    """What a run that was killed has left: its hosts, its pooler, and its server."""
    send(having(FOLDER, str(folder / "journal")), signal.SIGKILL)
    end_left(folder / "pooler")
    if (folder / "server").is_dir():
        from pooljobs.embedded import stop_unused

        with suppress(EmbeddedError):
            stop_unused(folder / "server")
