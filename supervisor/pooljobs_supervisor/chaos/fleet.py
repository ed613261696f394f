"""The hosts under chaos: one ``pooljobs serve`` each, as a process manager would run it, started anew when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.chaos.app import DSN_VARIABLE, HANDLERS_DSN, SCHEMA
from pooljobs_supervisor.chaos.journal import FOLDER, INCARNATION, writers
from pooljobs_supervisor.chaos.processes import children, described, having, send
from pooljobs_supervisor.telling.story import tells_ready

LEASE: Final = 3.0
"""Seconds of ``--job-timeout``."""

_SHUTDOWN: Final = 30.0
_LOOK: Final = 0.2
_RESTART_PAUSE: Final = 0.3

_LAST_WAIT: Final = 90.0
"""Seconds in which all must be gone after the drain: workers whose supervisor was killed have time to finish."""

_PASSING: Final = frozenset(
    {ExitCode.DATABASE_UNREACHABLE, ExitCode.CONNECTION_BUDGET, ExitCode.WORKER_BOOT, ExitCode.DATABASE_UNSUPPORTED}
)
"""How a start may end while the database is away; the process manager tries again."""


@dataclass(slots=True)
class Incarnation:
    """One start of one host's supervisor."""

    number: int
    process: subprocess.Popen[bytes]
    log: Path
    killed: bool = False

    @property
    def ready(self) -> bool:
        """Whether its workers have come up."""
        return tells_ready(self.log.read_text(errors="replace"))


@dataclass(slots=True)
class Fleet:
    """Starts, watches and ends the hosts. ``faults`` has what no supervisor should do."""

    dsn: str
    handlers_dsn: str
    folder: Path
    command: Sequence[str]
    procs: int
    concurrency: int
    """Handlers at a time in the workers of every other start."""
    poll_interval: float = 0.2
    hosts: list[Incarnation] = field(default_factory=list)
    started: int = 0
    faults: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    """Processes that were still there in the end: supervisors, workers, stewards, and what jobs have started."""
    _not_before: dict[int, float] = field(default_factory=dict)

    def start(self, hosts: int) -> None:
        """Start all hosts."""
        self.hosts = [self._spawn() for _ in range(hosts)]

    def tend(self) -> None:
        """Start the hosts anew whose supervisor has ended; note those that ended by themselves after a good start."""
        for place, host in enumerate(self.hosts):
            code = host.process.poll()
            if code is None or time.monotonic() < self._not_before.setdefault(place, time.monotonic() + _RESTART_PAUSE):
                continue
            del self._not_before[place]
            if not host.killed and (code not in _PASSING or host.ready):
                self.faults.append(f"supervisor {host.number} ended by itself with exit code {code}: see {host.log}")
            self.hosts[place] = self._spawn()

    def kill(self, host: Incarnation) -> int:
        """Kill a supervisor, and it alone; 1 if it was still there."""
        if host.process.poll() is not None:
            return 0
        host.killed = True
        host.process.kill()
        return 1

    def workers(self, host: Incarnation) -> list[int]:
        """Pids of the host's workers that have run something."""
        known = writers(self.folder / "journal", host.number)
        return [pid for pid in children(host.process.pid) if pid in known]

    def stewards(self, host: Incarnation) -> list[int]:
        """Pids of the host's other children: its steward, or a worker that is just coming up.

        None before the host is ready: its only child is then the one that checks the database for it, without which
        it is right to end.
        """
        if not host.ready:
            return []
        known = writers(self.folder / "journal", host.number)
        return [pid for pid in children(host.process.pid) if pid not in known]

    def stop(self) -> None:
        """Drain all hosts and wait for them; who does not leave is killed, which is a fault."""
        for host in self.hosts:
            send([host.process.pid] if host.process.poll() is None else [], signal.SIGTERM)
        for host in self.hosts:
            try:
                code = host.process.wait(_SHUTDOWN + 15)
            except subprocess.TimeoutExpired:
                code = None
                self.abandon()
            if code != ExitCode.OK:
                how = "was not over in time" if code is None else f"ended with exit code {code}"
                self.faults.append(f"the drain of supervisor {host.number} {how}: see {host.log}")

    def look_back(self) -> None:
        """Wait until no process of any host is left; note and kill those that stay."""
        deadline = time.monotonic() + _LAST_WAIT
        while (left := self._processes()) and time.monotonic() < deadline:
            time.sleep(_LOOK)
        self.left_behind += [described(pid) for pid in left]
        send(left, signal.SIGKILL)

    def _processes(self) -> list[int]:
        """All that were started for this run, directly or not: they have a variable with this run's folder."""
        return having(FOLDER, str(self.folder / "journal"))

    def abandon(self) -> None:
        """Kill what is left, at whatever point this run broke off."""
        for host in self.hosts:
            below = children(host.process.pid)
            if host.process.poll() is None:
                host.process.kill()
                host.process.wait()
                send(below, signal.SIGKILL)

    def _spawn(self) -> Incarnation:
        number = self.started
        self.started += 1
        log = self.folder / "logs" / f"{number}.log"
        command = [*self.command, "serve", "--app", "pooljobs_supervisor.chaos.app:app", "--schema", SCHEMA]
        command += ["--procs", str(self.procs), "--batch-size", "20", "--connections", "3"]
        command += ["--poll-interval", f"{self.poll_interval:g}"]
        command += ["--concurrency", str(self.concurrency if number % 2 else 1)]
        command += ["--job-timeout", f"{LEASE:g}", "--shutdown-timeout", f"{_SHUTDOWN:g}"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env={**os.environ, **self._variables(number)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return Incarnation(number, process, log)

    def _variables(self, number: int) -> Mapping[str, str]:
        return {
            DSN_VARIABLE: self.dsn,
            HANDLERS_DSN: self.handlers_dsn,
            FOLDER: str(self.folder / "journal"),
            INCARNATION: str(number),
        }
