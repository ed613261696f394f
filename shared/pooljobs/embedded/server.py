"""The server's process: started in a session of its own, waited for, stopped by whoever is last."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from pooljobs.embedded import pidfile, postmaster
from pooljobs.embedded.access import access_options
from pooljobs.embedded.account import Account, give, spawn_options
from pooljobs.embedded.cluster import environment
from pooljobs.embedded.location import ServerPaths
from pooljobs.embedded.programs import Programs
from pooljobs.errors import EmbeddedError

PAUSE = 0.02
FAST, IMMEDIATE = 30.0, 15.0
"""Seconds that a stop may take: by SIGINT, which ends the sessions, then by SIGQUIT, which leaves work to recovery."""

SETTINGS: Mapping[str, str] = {"max_connections": "200"}
"""Ours unless the caller has others. What a crash may cost stays as PostgreSQL has it: fsync is on."""

_AS_BY_DEFAULT: Mapping[str, str] = {
    "hostaddr": "",  # that of another server, which would be migrated
    "options": "",
    "target_session_attrs": "any",
    "gssencmode": "disable",
    "channel_binding": "disable",
    "require_auth": "",
    "sslnegotiation": "postgres",
}
"""What libpq would take from PGHOSTADDR, PGOPTIONS, … unless the connection string has it."""

TAIL = 20
"""Lines of the log in an error."""


class InUseError(EmbeddedError):
    """Sessions of a server that was killed have not ended yet: the next try may succeed."""


@dataclass(slots=True)
class Server:
    """A server that takes connections. ``process`` is there if this process is its parent."""

    pid: int
    sockets: Path
    _: KW_ONLY
    process: subprocess.Popen[bytes] | None = None
    began: int = 0
    """As ``postmaster.began`` tells it, 0 if unknown: the same pid with another beginning is somebody else."""

    @property
    def dsn(self) -> str:
        """Connection string, as the superuser ``pooljobs``; none of libpq's variables leads it elsewhere."""
        return make_conninfo(
            "", host=str(self.sockets), port=5432, user="pooljobs", dbname="postgres", **_closed_to_variables()
        )


def adopt(data: Path, deadline: float) -> Server | None:
    """The server that runs on this directory, once it is ready; None where none does, or none any more.

    Raises:
        EmbeddedError: It runs, but was not ready in time.
    """
    while (file := pidfile.server_in(data)) is not None:
        if file.ready:
            return Server(file.pid, Path(file.sockets), began=postmaster.began(file.pid))
        if time.monotonic() >= deadline:
            raise EmbeddedError(
                f"the PostgreSQL on {data}, pid {file.pid}, is {file.status or 'starting'} for too long"
            )
        time.sleep(PAUSE)
    return None


def start(
    layout: ServerPaths,
    programs: Programs,
    sockets: Path,
    *,
    account: Account | None,
    settings: Mapping[str, str],
    deadline: float,
) -> Server:
    """Starts a server where none runs, and waits until it takes connections. The caller holds the start lock.

    Raises:
        InUseError: What is left of a killed server is still there.
        EmbeddedError: It ended, or was not ready in time; the message has the end of its log.
    """
    pidfile.remove_useless(layout.data, sockets)
    command = [str(programs.bindir / "postgres"), "-D", str(layout.data)]
    for name, value in {**_options(sockets, settings), **access_options(layout, programs, account)}.items():
        command += ["-c", f"{name}={value}"]
    with os.fdopen(os.open(layout.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab") as log:
        give(layout.log, account)
        begin = os.fstat(log.fileno()).st_size
        process = _spawn(command, layout.data, log, account)
    return _ready(process, layout, begin, deadline)


def stop(server: Server, data: Path) -> None:
    """Stops a server, whoever started it, and returns when it is gone.

    Raises:
        EmbeddedError: It would not go.
    """
    for number, patience in ((signal.SIGINT, FAST), (signal.SIGQUIT, IMMEDIATE)):
        if not _runs(server, data):
            return
        if server.process is not None:
            server.process.send_signal(number)
        else:
            postmaster.send(server.pid, number, data)
        if _until(lambda: not _runs(server, data), time.monotonic() + patience):
            return
    raise EmbeddedError(f"PostgreSQL, pid {server.pid}, does not stop", hint=f"see its log beside {data}")


def _spawn(command: list[str], data: Path, log: IO[bytes], account: Account | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={**environment(), **_past(data)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        start_new_session=True,  # so that Ctrl-C does not reach it
        **spawn_options(account),
    )


def _closed_to_variables() -> dict[str, str]:
    known = {each.keyword.decode() for each in Conninfo.get_defaults()}  # an older libpq has not all of them
    return {name: value for name, value in _AS_BY_DEFAULT.items() if name in known}


def _options(sockets: Path, settings: Mapping[str, str]) -> dict[str, str]:
    ours = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "port": "5432",
    }
    return {**SETTINGS, **settings, **ours}


def _past(data: Path) -> dict[str, str]:
    """Tells postgres to pass over a pid that is a zombie or a stranger's by now.

    It takes any live process with the pid in its lock file for a server, but for this one. Removing the file instead
    would take its interlock on shared memory away, which is what keeps two servers off one directory.
    """
    file = pidfile.read(data)
    return {"PG_GRANDPARENT_PID": str(file.pid)} if file else {}


def _ready(process: subprocess.Popen[bytes], layout: ServerPaths, begin: int, deadline: float) -> Server:
    server = Server(process.pid, layout.data, process=process)
    try:
        while process.poll() is None:
            file = pidfile.read(layout.data)
            if file and file.pid == process.pid and file.ready:
                server.sockets = Path(file.sockets)
                return server
            if time.monotonic() >= deadline:
                raise EmbeddedError(f"PostgreSQL was not ready in time: {_tail(layout.log, begin)}", hint=_see(layout))
            time.sleep(PAUSE)
    except BaseException:
        stop(server, layout.data)
        raise
    said = _tail(layout.log, begin)
    kind = InUseError if "shared memory block" in said and "still in use" in said else EmbeddedError
    raise kind(f"PostgreSQL did not start, exit code {process.returncode}: {said}", hint=_see(layout))


def _runs(server: Server, data: Path) -> bool:
    if server.process is not None:
        return server.process.poll() is None
    return server.began in {0, postmaster.began(server.pid)} and postmaster.is_server(server.pid, data)


def _until(condition: Callable[[], bool], deadline: float) -> bool:
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(PAUSE)
    return True


def _tail(log: Path, begin: int) -> str:
    said = log.read_bytes()[begin:].decode(errors="replace").strip()
    return "\n" + "\n".join(said.splitlines()[-TAIL:]) if said else "it said nothing"


def _see(layout: ServerPaths) -> str:
    return f"the whole log is {layout.log}; for a server of your own set DATABASE_URL"
