"""Carries the events out: signals to processes, connections cut, the server crashed. Called by the main thread."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from pooljobs.db.connect import close_path
from pooljobs.db.error_kinds import passes
from pooljobs_cli.chaos.chaos_server import ChaosServer
from pooljobs_cli.chaos.deployments import Deployments
from pooljobs_cli.chaos.hosts import LEASE, ChaosHosts
from pooljobs_cli.chaos.incarnation import Incarnation
from pooljobs_cli.chaos.pooler import Pooler
from pooljobs_cli.chaos.processes import children, send
from pooljobs_cli.chaos.schedule import ChaosEvent, Kind
from pooljobs_cli.chaos.wire import Wire

_CLIENTS: Final = b"""
    SELECT pid, application_name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'pooljobs %' AND pid <> pg_backend_pid() ORDER BY pid
"""


class Mischief:
    """Does harm and remembers it: ``done`` counts what had an effect, ``crashes_ns`` has the server's restarts."""

    def __init__(
        self,
        place: ChaosServer,
        fleet: ChaosHosts,
        *,
        wire: Wire,
        say: Callable[[str], None],
        pooler: Pooler | None = None,
    ) -> None:
        self.done: Counter[Kind] = Counter()
        self.crashes_ns: list[tuple[int, int]] = []
        self._place = place
        self._pooler = pooler
        self.fleet = fleet
        self.deployments = Deployments(fleet)
        self._say = say
        self._stopped: list[tuple[float, list[int]]] = []
        self._actions: dict[Kind, Callable[[ChaosEvent, Incarnation], int]] = {
            Kind.KILL_WORKER: lambda event, host: self._kill(_pick(self.fleet.workers(host), event)),
            Kind.STOP_WORKER: lambda event, host: self._stop(_pick(self.fleet.workers(host), event), event),
            Kind.KILL_STEWARD: lambda event, host: self._kill(_pick(self.fleet.stewards(host), event)),
            Kind.STOP_STEWARD: lambda event, host: self._stop(_pick(self.fleet.stewards(host), event), event),
            Kind.KILL_SUPERVISOR: lambda _event, host: self.fleet.kill(host),
            Kind.STOP_SUPERVISOR: lambda event, host: self._stop([host.process.pid], event),
            Kind.STOP_HOST: lambda event, host: self._stop([host.process.pid, *children(host.process.pid)], event),
            Kind.TERMINATE_BACKENDS: lambda event, _host: self._terminate(event),
            Kind.SILENCE_CONNECTIONS: lambda event, _host: wire.silence(event.victim, _silence(event)),
            Kind.RESET_CONNECTIONS: lambda event, _host: wire.reset(event.victim),
            Kind.RESTART_SERVER: lambda _event, _host: self._crash(),
            Kind.EXHAUST_CONNECTIONS: lambda event, _host: self._exhaust(event),
            Kind.KILL_POOLER: lambda _event, _host: self._pooler.kill() if self._pooler else 0,
            Kind.DEPLOY_BY_RELOAD: lambda event, _host: self.deployments.reload(event.host),
            Kind.DEPLOY_BY_RESTART: lambda event, _host: self.deployments.restart(event.host),
            Kind.DEPLOY_AND_ROLL_BACK: lambda event, _host: self.deployments.roll_back(event.host, event.seconds),
        }

    def perform(self, event: ChaosEvent) -> None:
        """Carry one event out. What finds no victim has no effect and is not counted."""
        host = self.fleet.hosts[event.host]
        if host.process.poll() is None:
            hit = self._actions[event.kind](event, host)
            self.done[event.kind] += bool(hit)
            self._say(f"{event.at:7.2f} s  host {event.host}  {event.kind.value}: {hit}")

    def wake(self, *, everybody: bool = False) -> None:
        """Let those go on whose stop is over."""
        now = time.monotonic()
        for until, pids in self._stopped:
            if everybody or until <= now:
                send(pids, signal.SIGCONT)
        self._stopped = [] if everybody else [(until, pids) for until, pids in self._stopped if until > now]

    def _kill(self, pids: Sequence[int]) -> int:
        return send(pids, signal.SIGKILL)

    def _stop(self, pids: Sequence[int], event: ChaosEvent) -> int:
        self._stopped.append((time.monotonic() + event.seconds, list(pids)))
        return send(pids, signal.SIGSTOP)

    def _terminate(self, event: ChaosEvent) -> int:
        ours = {os.getpid(), *(pid for host in self.fleet.hosts for pid in children(host.process.pid))}
        try:
            with self._connect("chaos") as connection:
                clients = connection.execute(_CLIENTS).fetchall()
                backends = [backend for backend, name in clients if _is_ours(name, ours)]
                for backend in (chosen := _pick(backends, event, share=0.4)):
                    connection.execute("SELECT pg_terminate_backend(%s)", (backend,))
                return len(chosen)
        except psycopg.Error as error:
            return _nothing(error)

    def _crash(self) -> int:
        assert self._place.server is not None
        began = time.monotonic_ns()
        self._place.server.crash()
        self.crashes_ns.append((began, time.monotonic_ns()))
        return 1

    def _exhaust(self, event: ChaosEvent) -> int:
        taken: list[psycopg.Connection[Any]] = []
        try:
            self._hoard(taken)
            time.sleep(event.seconds)
        finally:
            for connection in taken:
                connection.close()
        return len(taken)

    def _hoard(self, taken: list[psycopg.Connection[Any]]) -> None:
        """Takes connections until there are no more."""
        try:
            while True:
                taken.append(self._connect("chaos hoarder"))
        except psycopg.Error as error:
            _nothing(error)

    def _connect(self, name: str) -> psycopg.Connection[Any]:
        dsn = make_conninfo(self._place.dsn, connect_timeout=5, application_name=name)
        connection = psycopg.connect(dsn, autocommit=True)
        close_path(connection)
        return connection


def _nothing(error: psycopg.Error) -> int:
    """0, if the error is one of those that are to be expected here."""
    if not passes(error):
        raise error
    return 0


def _silence(event: ChaosEvent) -> float | None:
    """Seconds; None for ever, which stands for the longest silences of the plan."""
    return event.seconds if event.seconds < 1.5 * LEASE else None


def _pick(pids: Sequence[int], event: ChaosEvent, share: float = 0.0) -> list[int]:
    """One of them, or a share of them beginning there."""
    if not pids:
        return []
    first = int(event.victim * len(pids))
    return [pids[(first + n) % len(pids)] for n in range(max(1, int(share * len(pids))))]


def _is_ours(application_name: str, pids: set[int]) -> bool:
    """Whether a connection is a child's of our hosts, or a producer's: not somebody else's in the same database."""
    named = re.search(r"\(pid (\d+)\)$", application_name)
    return int(named[1]) in pids if named else application_name.startswith("pooljobs chaos producer")
