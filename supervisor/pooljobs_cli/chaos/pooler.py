"""A PgBouncer in transaction mode between producers and server, which may be killed: it is started again at once.

Its two sessions are shared by more clients than that, so that each transaction meets another one, as somebody else has
left it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from pooljobs.db.connect import connect
from pooljobs.embedded.account import give, server_account, spawn_options
from pooljobs.errors import PoolJobsError, RefusedError
from pooljobs_cli.chaos.processes import having, send

PROGRAM: Final = "pgbouncer"

_VARIABLE: Final = "POOLJOBS_CHAOS_POOLER"
"""Tells to whom it belongs: its folder."""

_PORT: Final = "6432"
_DATABASE: Final = "chaos"
_START: Final = 15.0
"""Seconds in which it must answer."""

_SETTINGS: Final = {
    "listen_port": _PORT,
    "unix_socket_mode": "0700",  # of root and the account that it runs as alone, since it asks nobody who he is
    "auth_type": "any",
    "pool_mode": "transaction",
    "default_pool_size": "2",
    "max_client_conn": "50",
    "server_login_retry": "1",  # what waits for a server that is away learns soon that it is back
    "query_wait_timeout": "5",
}


class Pooler:
    """A running PgBouncer. ``dsn`` leads through it."""

    def __init__(self, program: str, folder: Path, target: Mapping[str, str]) -> None:
        self._command = [program, str(folder / "pgbouncer.ini")]
        self._folder = folder
        account = server_account()
        folder.mkdir(mode=0o700)
        give(folder, account)
        file = folder / "pgbouncer.ini"
        file.touch(mode=0o600)  # a password may be in it
        file.write_text(_configuration(folder, target))
        give(file, account)
        self.dsn = make_conninfo("", host=str(folder), port=_PORT, dbname=_DATABASE, user=target["user"])
        self._process = self._start()

    def kill(self) -> int:
        """Kill it, and all connections with it, and start it again; 1 if it was there."""
        was_there = self._process.poll() is None
        self.close()
        self._process = self._start()
        return int(was_there)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def await_answer(self) -> None:
        """Wait until it leads to the server.

        Raises:
            PoolJobsError: It does not.
        """
        deadline = time.monotonic() + _START
        while True:
            try:
                psycopg.connect(self.dsn, connect_timeout=5, prepare_threshold=None).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() >= deadline:
                    raise PoolJobsError(f"{PROGRAM} does not lead to the server: {self._last_words()}") from error
                time.sleep(0.05)
            else:
                return

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                self._command,
                env={"PATH": os.defpath, _VARIABLE: str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **spawn_options(server_account()),
            )

    def _last_words(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it says nothing"


def find_pooler() -> str:
    """Where the program is.

    Raises:
        RefusedError: There is none.
    """
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    if (found := shutil.which(PROGRAM, path=places)) is None:
        hint = f"on Debian and Ubuntu: apt-get install {PROGRAM}"
        raise RefusedError(f"--{PROGRAM}: there is no {PROGRAM} on this machine", hint=hint)
    return found


@contextmanager
def open_pooler(program: str, folder: Path, dsn: str) -> Iterator[Pooler]:
    """A pooler in front of the DSN's server, in a new folder, for as long as the block lasts.

    Raises:
        PoolJobsError: It does not start.
    """
    pooler = Pooler(program, folder, _target(dsn))
    try:
        pooler.await_answer()
        yield pooler
    finally:
        pooler.close()


def end_left(folder: Path) -> None:
    """End what a run that was killed has left there."""
    with suppress(OSError):
        send(having(_VARIABLE, str(folder)), signal.SIGKILL)


def _target(dsn: str) -> dict[str, str]:
    """The server that the DSN leads to now, as whom, and to which database."""
    with connect(dsn, application_name="pooljobs chaos") as connection:
        info = connection.info
        named = {"host": info.hostaddr or info.host, "port": str(info.port), "user": info.user, "dbname": info.dbname}
        return named | ({"password": info.password} if info.password else {})


def _configuration(folder: Path, target: Mapping[str, str]) -> str:
    way = " ".join(f"{name}={_quoted(value)}" for name, value in target.items())
    settings = "\n".join(f"{name} = {value}" for name, value in {**_SETTINGS, "unix_socket_dir": folder}.items())
    return f"[databases]\n{_DATABASE} = {way}\n[pgbouncer]\n{settings}\n"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
