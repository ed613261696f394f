"""PostgreSQL servers on hosts of a test's network: a primary, and standbys that follow it and may take over.

They listen on the host's address, for the fleets, and on a Unix socket, for the test, which no partition cuts off.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

from pooljobs.embedded.account import give, server_account
from tests.support.database import FAST
from tests.support.network import NET, Machine
from tests.support.run_directory import remove, run_directory

SUPERUSER = "postgres"
ACCESS = f"""
local all all trust
host all all {NET}.0/24 trust
host replication all {NET}.0/24 trust
"""


CHOOSING = {"target_session_attrs": "read-write", "connect_timeout": "2", "tcp_user_timeout": "3000"}
"""For who has several servers to choose from: one that is silent keeps nobody from the next for long."""


class Cluster:
    """A server that runs on a host. It is made and started by ``primary`` or ``standby``."""

    def __init__(self, machine: Machine, bindir: Path, place: Path) -> None:
        self.machine = machine
        self.bindir = bindir
        self._place = place
        self._data = place / "data"

    @property
    def dsn(self) -> str:
        """For the test: by the Unix socket."""
        return make_conninfo("", host=str(self._place), user=SUPERUSER, dbname="postgres")

    def initdb(self) -> None:
        """Makes an empty one."""
        self._run("initdb", "-D", self._data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        (self._data / "pg_hba.conf").write_text(ACCESS)

    def copy_of(self, primary: Cluster) -> None:
        """Makes one that follows the other, which is stopped meanwhile: few installations have pg_basebackup."""
        primary._control("stop", "-m", "fast")
        subprocess.run(["cp", "-a", primary._data, self._data], check=True)
        primary.start()
        (self._data / "standby.signal").touch()
        upstream = make_conninfo("", host=primary.machine.address, user=SUPERUSER, application_name=self.machine.name)
        self.configure(primary_conninfo=upstream)

    def configure(self, **settings: str) -> None:
        """What it is told when it starts; what was said last holds."""
        with (self._data / "postgresql.conf").open("a") as file:
            own = {"listen_addresses": self.machine.address, "unix_socket_directories": str(self._place)}
            file.writelines(f"{name} = '{value}'\n" for name, value in {**FAST, **own, **settings}.items())

    def start(self) -> None:
        """Starts it; it answers when this returns."""
        self._control("start", "-l", str(self._place / "log"))

    def promote(self) -> None:
        """A standby takes writes when this returns."""
        self._control("promote")

    def stop(self) -> None:
        """At once, without a goodbye to anybody."""
        self._control("stop", "-m", "immediate")

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", *words)

    def _run(self, program: str, *words: str | Path) -> None:
        account = server_account()
        ids = (f"--setuid={account.uid}", f"--setgid={account.gid}") if account else ()
        command: Sequence[str | Path] = [*self.machine.within(*ids), self.bindir / program, *words]
        # into a file, not a pipe: the server that pg_ctl leaves behind would hold it open
        with (self._place / f"{program}.out").open("w+") as out:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", check=False)
            out.seek(0)
            assert done.returncode == 0, f"{program} on {self.machine.name}: {out.read()}"


@contextmanager
def primary(machine: Machine, bindir: Path) -> Iterator[Cluster]:
    """An empty server that runs on this host while the block lasts."""
    with _cluster(machine, bindir) as made:
        made.initdb()
        made.configure()
        made.start()
        yield made


@contextmanager
def standby(machine: Machine, of: Cluster) -> Iterator[Cluster]:
    """A server on this host that follows another one."""
    with _cluster(machine, of.bindir) as made:
        made.copy_of(of)
        made.start()
        yield made


@contextmanager
def _cluster(machine: Machine, bindir: Path) -> Iterator[Cluster]:
    place = run_directory() / f"cluster-{uuid4().hex[:8]}"
    place.mkdir(mode=0o755)
    give(place, server_account())
    made = Cluster(machine, bindir, place)
    try:
        yield made
    finally:
        if (place / "data" / "postmaster.pid").exists():
            made.stop()  # or else it would wait for a standby that is cut off
        remove(place)


def reached_by(dsn: str, *clusters: Cluster) -> str:
    """The same database, by the network: whichever of these servers takes writes."""
    hosts = ",".join(cluster.machine.address for cluster in clusters)
    return make_conninfo(dsn, host=hosts, **(CHOOSING if len(clusters) > 1 else {}))


def is_streaming(cluster: Cluster, *, sync: bool = False) -> bool:
    """Whether a standby follows this primary, as a synchronous one if that is asked for."""
    state = "sync_state = 'sync'" if sync else "state = 'streaming'"
    with psycopg.connect(cluster.dsn) as connection:
        query = f"SELECT FROM pg_stat_replication WHERE {state}"
        return connection.execute(query.encode()).fetchone() is not None
