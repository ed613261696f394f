"""Calls idle workers to work, and the steward to its chores: a helper of its, with a connection of its own.

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

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.settings import ServeSettings
from pooljobs_steward.statement_watchdog import StatementWatchdog
from pooljobs_steward.wakeups.idle_hosts import IdleHosts
from pooljobs_steward.wakeups.idle_workers import IdleWorkers
from pooljobs_steward.wakeups.known_jobs import KnownJobs
from pooljobs_steward.wakeups.listener import Listener
from pooljobs_steward.wakeups.wake_policy import WakePolicy, WakeStep

ACT: Final = "!act"
"""The payload that says so (``functions/cancel.sql``). Should a queue have this name, more is looked at."""

RECONNECT_PAUSE = 1.0
"""Seconds between tries to reach the database; the steward's chores say that it is away."""

REFUSED_PAUSE = 5.0
"""Seconds until what the database refused is tried again."""

PATIENCE = 10.0
"""Seconds that a statement may take; none of them is a long one."""

LONGEST_WAIT = 60.0
"""Seconds after which the thread looks up, whatever happens."""


class Waker:
    """Its ``run`` lasts until ``stopping`` is set; ring the board's idle bell then. ``child`` is the steward.

    ``acted`` is set, and the steward woken, when somebody has asked for something (``ACT``).
    """

    def __init__(
        self,
        settings: ServeSettings,
        child: Child,
        acted: threading.Event,
        pool: ConnectionPool[Connection[Any]],
        log: logging.Logger,
        *,
        stopping: threading.Event,
        watchdog: StatementWatchdog,
    ) -> None:
        statements, board = Statements(settings.schema), child.board
        self._queues = frozenset(settings.worker.queues)
        self._listen = settings.listen
        self._bell = board.idle_bell
        self._slot = child.slot
        self._acted = acted
        self._idle_workers = IdleWorkers(board)
        self._listener = Listener(pool, statements, watchdog, log)
        known_jobs = KnownJobs(statements, board, board.fleet)
        self._idle_hosts = IdleHosts(statements, board.fleet, settings.worker, known_jobs)
        self._policy = WakePolicy(sleep=settings.worker.job_timeout, poll_interval=settings.worker.poll_interval)
        self._refusals = RefusalLog(log)
        self._stopping = stopping
        self._watchdog = watchdog

    def run(self) -> None:
        """Works until it is asked to stop."""
        while not self._stopping.is_set():
            self._attempt()

    def close(self) -> None:
        """Ends the connection. Who sleeps looks for jobs himself from now on: he was told that he need not."""
        self._listener.close()
        self._slot.listens = 0
        for slot in self._idle_workers.find():
            slot.wake()

    def _attempt(self) -> None:
        try:
            if not self._listener.opened:
                self._policy.stayed_awake()
                self._policy.hears = self._listener.open(listen=self._listen)
                self._slot.listens = int(self._policy.hears)
            while not self._stopping.is_set():
                self._turn()
            with self._watchdog.waiting():
                self._idle_hosts.forget(self._listener.connection)
        except psycopg.Error as error:
            self._failed(error)

    def _failed(self, error: psycopg.Error) -> None:
        kind = kind_of(error)
        if kind is ErrorKind.MISUSE:
            raise error
        if kind is ErrorKind.REFUSED:
            self._refusals.refused(error, "meanwhile idle workers look for jobs by themselves")
        self.close()
        self._stopping.wait(REFUSED_PAUSE if kind is ErrorKind.REFUSED else RECONNECT_PAUSE)

    def _turn(self) -> None:
        idle = self._idle_workers.find()
        payloads = self._listener.take()
        if ACT in payloads:
            self._acted.set()
            self._slot.wake()
        if count := sum(payload in self._queues or not payload for payload in payloads):
            self._idle_workers.wake(idle[:count])
            self._policy.heard(count, len(idle), time.monotonic())
            idle = idle[count:]
        now = time.monotonic()
        step = self._policy.step(len(idle), now)
        if step is not WakeStep.NOTHING:
            with self._watchdog.waiting():
                self._do(step)
            return
        rung = self._wait(self._policy.seconds(len(idle), now))
        if rung and self._bell.drain():  # a worker that only fell asleep again rings too, without a word of work
            self._policy.rang(time.monotonic())

    def _do(self, step: WakeStep) -> None:
        connection, asked = self._listener.connection, time.monotonic()
        if step is WakeStep.FALL_ASLEEP:
            self._idle_hosts.fall_asleep(connection)
            self._policy.fell_asleep(asked)
        elif step is WakeStep.STAY_AWAKE:
            self._idle_hosts.stay_awake(connection)
            self._policy.stayed_awake()
        else:
            idle, marking, since = len(self._idle_workers.find()), self._policy.marking, self._policy.since(asked)
            findings = self._idle_hosts.look(connection, idle, marking=marking, since=since)
            now = time.monotonic()
            self._idle_workers.wake(self._idle_workers.find()[: findings.due])
            self._policy.found(findings, now - asked, now)

    def _wait(self, seconds: float | None) -> bool:
        """Sleeps until the bell, something from the database, or the time; whether it was the bell."""
        sources = select.poll()
        sources.register(self._bell.read_fd, select.POLLIN)
        sources.register(self._listener.fileno(), select.POLLIN)
        woken = sources.poll(1000 * (LONGEST_WAIT if seconds is None else min(seconds, LONGEST_WAIT)))
        return any(source == self._bell.read_fd for source, _ in woken)
