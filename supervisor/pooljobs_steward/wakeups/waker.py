"""Wakes idle workers to work, and the steward to its chores: a service of its, with a connection of its own.

It is a thread since the chores may take their time (a dead worker, a slow database), and a job that is enqueued now
must not wait for them. It decides nothing: ``wake_policy.py`` says what to do, ``idle_workers.py`` who can be woken.
Without it, or without its database, workers poll.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from typing import Any, Final

from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.outage import Outage
from pooljobs.db.pause_reader import PauseReader
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.resilient_connection import ResilientConnection
from pooljobs.db.statements import Statements
from pooljobs.job.paused import NOTHING
from pooljobs.process.child import Child
from pooljobs.settings import ServeSettings
from pooljobs_steward.chore_schedule import make_way
from pooljobs_steward.statement_watchdog import StatementWatchdog
from pooljobs_steward.wakeups.idle_hosts import IdleHosts
from pooljobs_steward.wakeups.idle_workers import IdleWorkers
from pooljobs_steward.wakeups.known_jobs import KnownJobs
from pooljobs_steward.wakeups.listener import Listener
from pooljobs_steward.wakeups.wake_policy import WakePolicy, WakeStep

ACT: Final = "!act"
"""The payload that says so (``functions/cancel.sql``). Should a queue have this name, more is looked at."""

STATEMENT_TIMEOUT: Final = 10.0
"""Seconds that a statement may take; none of them is a long one."""

LONGEST_WAIT: Final = 60.0
"""Seconds after which the thread looks up, whatever happens."""


class Waker:
    """Its ``run`` lasts until ``stopping`` is set; ring the board's idle bell then. ``child`` is the steward.

    ``acted`` is set, and the steward woken, when somebody has asked for something (``ACT``).
    """

    def __init__(
        self,
        settings: ServeSettings,
        child: Child,
        *,
        acted: threading.Event,
        pool: ConnectionPool[Connection[Any]],
        outage: Outage,
        stopping: threading.Event,
        watchdog: StatementWatchdog,
        log: logging.Logger,
    ) -> None:
        statements, board = Statements(settings.schema), child.board
        self._queues = frozenset(settings.worker.queues)
        self._pauses = PauseReader(statements, board)
        self._paused = NOTHING
        self._listens = settings.listen
        self._bell = board.idle_bell
        self._slot = child.slot
        self._acted = acted
        self._idle_workers = IdleWorkers(board)
        self._listener = Listener(statements, log)
        known_jobs = KnownJobs(statements, board, board.fleet)
        self._idle_hosts = IdleHosts(statements, board.fleet, settings=settings.worker, known_jobs=known_jobs)
        self._policy = WakePolicy(sleep=settings.worker.job_timeout, poll_interval=settings.worker.poll_interval)
        self._stopping = stopping
        self._watchdog = watchdog
        self._connection = ResilientConnection(
            pool,
            outage=outage,
            refusals=RefusalLog(log),
            prepare=self._prepare,
            meanwhile="meanwhile idle workers look for jobs by themselves",
        )

    def run(self) -> None:
        """Works until it is asked to stop."""
        while not self._stopping.is_set():
            if not self._connection.attempt(self._turn):
                self.close()
                self._stopping.wait(self._connection.pause())
        if self._connection.current is not None:
            self._connection.attempt(self._forget)

    def close(self) -> None:
        """Ends the connection: it must not come back into the pool while it listens. Who sleeps looks for jobs himself
        from now on: he was told that he need not.
        """
        self._connection.drop()
        self._slot.listens = 0
        self._act()
        for slot in self._idle_workers.find():
            slot.wake()

    def _prepare(self, connection: Connection[Any]) -> None:
        self._policy.stayed_awake()
        with self._watchdog.waiting(connection):
            make_way(connection)
            self._policy.hears = self._listens and self._listener.listen(connection)
        self._slot.listens = int(self._policy.hears)
        self._act()

    def _act(self) -> None:
        """Has the steward look for what people have asked for. When the listening begins or ends, too: what was asked
        while nobody heard it, or is asked from now on, is found by looks.
        """
        self._acted.set()
        self._slot.wake()

    def _heed_pauses(self, connection: Connection[Any]) -> None:
        """If other queues or types are paused than before, says anew what is to be told of, and looks for it."""
        if self._pauses.outdated():
            with self._watchdog.waiting(connection):
                self._pauses.read(connection)
        if (paused := self._pauses.paused) is not self._paused:
            self._do(WakeStep.STAY_AWAKE, connection)
            self._idle_hosts.heed(paused)
            self._paused = paused

    def _forget(self, connection: Connection[Any]) -> None:
        with self._watchdog.waiting(connection):
            self._idle_hosts.forget(connection)

    def _turn(self, connection: Connection[Any]) -> None:
        self._heed_pauses(connection)
        idle = self._idle_workers.find()
        payloads = self._listener.take(connection)
        if ACT in payloads:
            self._act()
        served = self._queues - self._paused.queues
        if count := sum(payload in served or not payload for payload in payloads):
            self._idle_workers.wake(idle[:count])
            self._policy.heard(count, len(idle), time.monotonic())
            idle = idle[count:]
        now = time.monotonic()
        step = self._policy.step(len(idle), now)
        if step is not WakeStep.NOTHING:
            with self._watchdog.waiting(connection):
                self._do(step, connection)
            return
        rung = self._wait(connection, self._policy.seconds(len(idle), now))
        if rung and self._bell.drain():  # a worker that only fell asleep again rings too, without a word of work
            self._policy.rang(time.monotonic())

    def _do(self, step: WakeStep, connection: Connection[Any]) -> None:
        asked = time.monotonic()
        if step is WakeStep.FALL_ASLEEP:
            room = self._idle_hosts.fall_asleep(connection)
            self._listener.note_room(enough=room)
            (self._policy.fell_asleep if room else self._policy.cannot_sleep)(asked)
        elif step is WakeStep.STAY_AWAKE:
            self._idle_hosts.stay_awake(connection)
            self._policy.stayed_awake()
        else:
            idle, marking, since = len(self._idle_workers.find()), self._policy.marking, self._policy.since(asked)
            findings = self._idle_hosts.look(connection, idle, marking=marking, since=since)
            now = time.monotonic()
            self._idle_workers.wake(self._idle_workers.find()[: findings.due])
            self._policy.found(findings, now - asked, now)

    def _wait(self, connection: Connection[Any], seconds: float | None) -> bool:
        """Sleeps until the bell, something from the database, or the time; whether it was the bell."""
        sources = select.poll()
        sources.register(self._bell.read_fd, select.POLLIN)
        sources.register(connection.fileno(), select.POLLIN)
        woken = sources.poll(1000 * (LONGEST_WAIT if seconds is None else min(seconds, LONGEST_WAIT)))
        return any(source == self._bell.read_fd for source, _ in woken)
