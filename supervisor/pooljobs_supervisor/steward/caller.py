"""Calls idle workers to work, and the steward to its chores: a helper of its, with a connection of its own.

It is a thread since the chores may take their time (a burial, a slow database), and a job that is enqueued now must not
wait for them. It decides nothing: ``vigil.py`` says what to do, ``idlers.py`` who can be woken. Without it, or without
its database, workers poll.
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
from pooljobs_supervisor.steward.idlers import Idlers
from pooljobs_supervisor.steward.known_jobs import KnownJobs
from pooljobs_supervisor.steward.leash import Leash
from pooljobs_supervisor.steward.listener import Listener
from pooljobs_supervisor.steward.sleepers import Sleepers
from pooljobs_supervisor.steward.vigil import Step, Vigil

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


class Caller:
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
        leash: Leash,
    ) -> None:
        statements, board = Statements(settings.schema), child.board
        self._queues = frozenset(settings.worker.queues)
        self._listen = settings.listen
        self._bell = board.idle_bell
        self._slot = child.slot
        self._acted = acted
        self._idlers = Idlers(board)
        self._listener = Listener(pool, statements, leash, log)
        known_jobs = KnownJobs(statements, board, board.fleet)
        self._sleepers = Sleepers(statements, board.fleet, settings.worker, known_jobs)
        self._vigil = Vigil(sleep=settings.worker.job_timeout, poll_interval=settings.worker.poll_interval)
        self._refusals = RefusalLog(log)
        self._stopping = stopping
        self._leash = leash

    def run(self) -> None:
        """Works until it is asked to stop."""
        while not self._stopping.is_set():
            self._attempt()

    def close(self) -> None:
        """Ends the connection. Who sleeps looks for jobs himself from now on: he was told that he need not."""
        self._listener.close()
        self._slot.listens = 0
        for slot in self._idlers.find():
            slot.wake()

    def _attempt(self) -> None:
        try:
            if not self._listener.opened:
                self._vigil.stayed_awake()
                self._vigil.hears = self._listener.open(listen=self._listen)
                self._slot.listens = int(self._vigil.hears)
            while not self._stopping.is_set():
                self._turn()
            with self._leash.waiting():
                self._sleepers.forget(self._listener.connection)
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
        idle = self._idlers.find()
        payloads = self._listener.take()
        if ACT in payloads:
            self._acted.set()
            self._slot.wake()
        if count := sum(payload in self._queues or not payload for payload in payloads):
            self._idlers.wake(idle[:count])
            self._vigil.heard(count, len(idle), time.monotonic())
            idle = idle[count:]
        now = time.monotonic()
        step = self._vigil.step(len(idle), now)
        if step is not Step.NOTHING:
            with self._leash.waiting():
                self._do(step)
            return
        rung = self._wait(self._vigil.seconds(len(idle), now))
        if rung and self._bell.drain():  # a worker that only fell asleep again rings too, without a word of work
            self._vigil.rang(time.monotonic())

    def _do(self, step: Step) -> None:
        connection, asked = self._listener.connection, time.monotonic()
        if step is Step.FALL_ASLEEP:
            self._sleepers.fall_asleep(connection)
            self._vigil.fell_asleep(asked)
        elif step is Step.STAY_AWAKE:
            self._sleepers.stay_awake(connection)
            self._vigil.stayed_awake()
        else:
            idle, marking, since = len(self._idlers.find()), self._vigil.marking, self._vigil.since(asked)
            findings = self._sleepers.look(connection, idle, marking=marking, since=since)
            now = time.monotonic()
            self._idlers.wake(self._idlers.find()[: findings.due])
            self._vigil.found(findings, now - asked, now)

    def _wait(self, seconds: float | None) -> bool:
        """Sleeps until the bell, something from the database, or the time; whether it was the bell."""
        sources = select.poll()
        sources.register(self._bell.read_fd, select.POLLIN)
        sources.register(self._listener.fileno(), select.POLLIN)
        woken = sources.poll(1000 * (LONGEST_WAIT if seconds is None else min(seconds, LONGEST_WAIT)))
        return any(source == self._bell.read_fd for source, _ in woken)
