"""The steward's waker where its connection is of no use: it is noticed and told, and it listens on another one."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.connect import child_pool
from pooljobs.db.outage import Outage
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_cli.chaos.wire import open_wire
from pooljobs_steward.service_thread import ServiceThread
from pooljobs_steward.wakeups.waker import Waker
from tests.support.serving import enqueue
from tests.support.waiting import wait_until

LOG = logging.getLogger("test")
TIMEOUT = 0.5
LEASE = 1.5
ASLEEP = "SELECT max(idle_until) FROM pooljobs.idle_hosts WHERE idle_until > now()"


@contextmanager
def calling(dsn: str) -> Iterator[tuple[ServiceThread, Slot]]:
    """A waker at work, and the slot of the one worker it has, which idles and never stirs."""
    settings = ServeSettings(dsn=dsn, app="", worker=WorkerSettings(job_timeout=LEASE, poll_interval=600.0))
    with closing(Scoreboard.create(2, 10)) as board, child_pool(dsn, size=1, application_name="pooljobs test") as pool:
        slot = board.slot(1)
        slot.role, slot.state, slot.idle_since_ns = Role.WORKER, SlotState.READY, time.monotonic_ns()
        child = Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid())
        with ServiceThread(
            "waker",
            lambda stopping, watchdog: Waker(
                settings,
                child,
                acted=threading.Event(),
                pool=pool,
                outage=Outage(LOG),
                stopping=stopping,
                watchdog=watchdog,
                log=LOG,
            ),
            without="workers poll",
            timeout=TIMEOUT,
            log=LOG,
            wake=board.idle_bell.wake,
        ) as service:
            yield service, slot


def idle_until(connection: Connection[Any]) -> object:
    row = connection.execute(ASLEEP).fetchone()
    return row and row[0]


@pytest.mark.hazard("A thread of the steward's breaks")
def test_a_silent_connection_is_cut_and_another_one_listens(
    dsn: str, connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> bool:
        service.check(time.monotonic())
        return "had no answer" in caplog.text

    with open_wire(dsn) as wire, calling(wire.dsn) as (service, slot):
        wait_until(lambda: idle_until(connection), what="the host to sleep")
        wait_until(lambda: wire.silence(0.0, None, 1.0), what="the connection to be old enough, and silent")
        wait_until(told, what="the silence to be noticed")
        assert "workers poll" in caplog.text
        latest = idle_until(connection)
        wait_until(lambda: idle_until(connection) not in (latest, None), what="the host to sleep anew")
        slot.drain_wakes()
        enqueue(connection, "anything")
        wait_until(slot.drain_wakes, what="the worker to be woken")
