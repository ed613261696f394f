"""A steward whose own connection fell silent shows no sign of life, however lively its waker is."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.connect import child_pool
from pooljobs.db.outage import Outage
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.resilient_connection import ResilientConnection
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, SlotState, Wanted
from pooljobs.scoreboard.wake import WORK
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_cli.chaos.wire import open_wire
from pooljobs_steward.chore_schedule import make_way
from pooljobs_steward.main import Steward
from pooljobs_steward.services import running_services
from pooljobs_supervisor.limits.hang_watchdog import signs_of_life, silence_limit
from tests.support.claims import scalar
from tests.support.serving import enqueue
from tests.support.waiting import wait_until

LOG = logging.getLogger("test")
STILL = 2.0
"""Seconds: several times the longest pause between two chores."""

ASLEEP = "SELECT count(*) FROM pooljobs.idle_hosts WHERE idle_until > clock_timestamp()"


@contextmanager
def stewarding(dsn: str, chores_dsn: str) -> Iterator[Scoreboard]:
    """A steward in a thread, in slot 0 of the board, whose chores go by a way of their own."""
    settings = ServeSettings(dsn=dsn, app="", worker=WorkerSettings(poll_interval=600.0))
    with ExitStack() as stack:
        board = stack.enter_context(closing(Scoreboard.create(2, 10)))
        lifeline, held_open = os.pipe()
        stack.callback(os.close, lifeline)
        stack.callback(os.close, held_open)
        os.set_blocking(lifeline, False)
        child = Child(board, board.slot(0), lifeline_fd=lifeline, parent_pid=os.getppid())
        child.slot.role = Role.STEWARD
        pool = stack.enter_context(child_pool(chores_dsn, size=1, application_name="pooljobs test"))
        outage, acted = Outage(LOG), threading.Event()
        services = stack.enter_context(running_services(settings, child, acted=acted, outage=outage, log=LOG))
        connection = ResilientConnection(pool, outage=outage, refusals=RefusalLog(LOG), prepare=make_way)
        steward = Steward(settings, child, connection=connection, services=services, acted=acted, log=LOG)
        thread = threading.Thread(target=steward.run)
        thread.start()
        try:
            yield board
        finally:
            board.slot(1).clear()
            child.ask(Wanted.DRAIN)
            thread.join()


@pytest.mark.hazard(
    "A child that hangs is neither dead nor of use",
    closed="a watchdog looks at signs of life (`supervisor/pooljobs_supervisor/limits/hang_watchdog.py`)",
    area="processes",
)
def test_it_is_seen_to_hang_while_its_waker_works_on(dsn: str, connection: Connection[Any]) -> None:
    seen: list[tuple[object, float]] = []

    def still() -> bool:
        signs, now = signs_of_life(board.slot(0)), time.monotonic()
        if not seen or seen[-1][0] != signs:
            seen.append((signs, now))
        return now - seen[-1][1] >= STILL

    with open_wire(dsn) as wire, stewarding(dsn, wire.dsn) as board:
        worker = board.slot(1)
        worker.role, worker.state, worker.idle_since_ns = Role.WORKER, SlotState.READY, time.monotonic_ns()
        board.idle_bell.wake(WORK)  # as a worker does that falls idle
        wait_until(lambda: scalar(connection, ASLEEP), what="the host to sleep")
        wait_until(lambda: wire.silence(0.0, None, 1.0), what="the chores' connection to be old enough, and silent")
        wait_until(still, what="the signs of life to end")
        before = len(seen)
        worker.drain_wakes()
        enqueue(connection, "anything")
        wait_until(worker.drain_wakes, what="the waker to wake the worker")
        assert still()
        assert len(seen) == before, "the waker's work is no sign of life"
        assert silence_limit(board.slot(0), 1.0, 1.0) is not None
        wire.heal()
        wait_until(lambda: not still(), what="the steward to go on")
