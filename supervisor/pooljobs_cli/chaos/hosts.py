"""The hosts under chaos: one ``pooljobs serve`` each, as a process manager would run it, started anew when it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Final

from pooljobs.exit_codes import ExitCode
from pooljobs.settings.variables import without_settings
from pooljobs_cli.chaos import application
from pooljobs_cli.chaos.application.handlers import HANDLERS_DSN, SCHEMA
from pooljobs_cli.chaos.application.journal import FOLDER, INCARNATION, writers
from pooljobs_cli.chaos.application.releases import RELEASE_FILE
from pooljobs_cli.chaos.beside import environment_of_other
from pooljobs_cli.chaos.incarnation import Incarnation
from pooljobs_cli.chaos.processes import children, described, having, send
from pooljobs_cli.chaos.versions import Version, Versions

DSN_VARIABLE: Final = "POOLJOBS_DSN"
"""Tells the workers their database."""

LEASE: Final = 3.0
"""Seconds of ``--job-timeout``."""

_SHUTDOWN: Final = 30.0
_LOOK: Final = 0.2
_RESTART_PAUSE: Final = 0.3

_LAST_WAIT: Final = 90.0
"""Seconds in which all must be gone after the drain: workers whose supervisor was killed have time to finish."""

_APPLICATION: Final = "chaos_application"


@dataclass(slots=True)
class ChaosHosts:
    """Starts, watches and ends the hosts. ``faults`` has what no supervisor should do."""

    dsn: str = field(repr=False)
    handlers_dsn: str = field(repr=False)
    _: KW_ONLY
    folder: Path
    command: Sequence[str]
    procs: int
    concurrency: int
    """Handlers at a time in the workers of every other start."""
    poll_interval: float
    versions: Versions
    beside: Sequence[str]
    """Starts the other pooljobs, if there is one."""
    deployed: list[Version] = field(default_factory=list)
    hosts: list[Incarnation] = field(default_factory=list)
    started: int = 0
    faults: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    """Processes that were still there in the end: supervisors, workers, stewards, and what jobs have started."""
    _not_before: dict[int, float] = field(default_factory=dict)

    def start(self) -> None:
        """Start all hosts."""
        code = Path(application.__path__[0])
        shutil.copytree(code, self._code / _APPLICATION, ignore=shutil.ignore_patterns("__pycache__"))
        for place in range(self.versions.hosts):
            self.deployed.append(self.versions.first(place))
            self.deploy(place, self.deployed[place])
            self.hosts.append(self._spawn(place))

    def deploy(self, place: int, version: Version) -> None:
        """Lay a version there; whoever starts from now on has it."""
        self.deployed[place] = version
        unfinished = self._release_file(place).with_suffix(".unfinished")
        unfinished.write_text(self.versions.release(version).value)
        unfinished.replace(self._release_file(place))

    def tend(self) -> None:
        """Start the hosts anew whose supervisor has ended; note those that ended by themselves after a good start."""
        for place, host in enumerate(self.hosts):
            code = host.process.poll()
            if code is None or time.monotonic() < self._not_before.setdefault(place, time.monotonic() + _RESTART_PAUSE):
                continue
            del self._not_before[place]
            if not host.ended_well(code):
                self.faults.append(f"supervisor {host.number} ended by itself with exit code {code}: see {host.log}")
            self.hosts[place] = self._spawn(place)

    @property
    def whole(self) -> bool:
        """Whether all hosts serve."""
        return all(host.serves for host in self.hosts)

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

    @property
    def _code(self) -> Path:
        return self.folder / "code"

    def _release_file(self, place: int) -> Path:
        return self._code / f"release-{place}"

    def _spawn(self, place: int) -> Incarnation:
        number = self.started
        self.started += 1
        log = self.folder / "logs" / f"{number}.log"
        command = [*(self.beside if self.deployed[place].beside else self.command), "serve"]
        command += ["--app", f"{_APPLICATION}.deployed:app", "--schema", SCHEMA]
        command += ["--procs", str(self.procs), "--batch-size", "20", "--connections", "3"]
        command += ["--poll-interval", f"{self.poll_interval:g}"]
        command += ["--concurrency", str(self.concurrency if number % 2 else 1)]
        command += ["--job-timeout", f"{LEASE:g}", "--shutdown-timeout", f"{_SHUTDOWN:g}"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self._code,
                env={**self._environment(place), **self._variables(number, place)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return Incarnation(number, process, log=log)

    def _environment(self, place: int) -> Mapping[str, str]:
        return environment_of_other() if self.deployed[place].beside else without_settings(os.environ)

    def _variables(self, number: int, place: int) -> Mapping[str, str]:
        return {
            DSN_VARIABLE: self.dsn,
            HANDLERS_DSN: self.handlers_dsn,
            FOLDER: str(self.folder / "journal"),
            INCARNATION: str(number),
            RELEASE_FILE: str(self._release_file(place)),
        }
