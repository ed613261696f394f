"""Puts the steward's services together: who wakes idle workers, and who keeps the tables in shape."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.connect import child_pool
from pooljobs.db.outage import Outage
from pooljobs.process.child import Child
from pooljobs.settings import ServeSettings
from pooljobs_steward.maintenance import vacuum
from pooljobs_steward.maintenance.vacuum import Maintenance
from pooljobs_steward.service_thread import ServiceThread
from pooljobs_steward.wakeups import waker
from pooljobs_steward.wakeups.waker import Waker


def steward_pool(settings: ServeSettings, name: str) -> ConnectionPool[Connection[Any]]:
    """A pool of one connection, in ``pg_stat_activity`` under this name: no part of the steward waits for another's."""
    title = f"pooljobs {name} (pid {os.getpid()})"
    return child_pool(settings.dsn, size=1, application_name=title, silence=settings.worker.job_timeout)


@contextmanager
def running_services(
    settings: ServeSettings, child: Child, *, acted: threading.Event, outage: Outage, log: logging.Logger
) -> Iterator[Sequence[ServiceThread]]:
    """Both at work for as long as the block lasts. ``child`` is the steward; ``acted`` is set when the fleet is told
    that somebody has asked for something.
    """
    with ExitStack() as stack:
        waking, maintaining = (stack.enter_context(steward_pool(settings, name)) for name in ("waker", "maintenance"))
        make_waker = partial(Waker, settings, child, acted=acted, pool=waking, outage=outage, log=log)
        make_maintenance = partial(Maintenance, settings, child.board.fleet, pool=maintaining, outage=outage, log=log)
        threads = [
            ServiceThread(
                "waker",
                make_waker,
                without="meanwhile idle workers look for jobs by themselves",
                timeout=waker.STATEMENT_TIMEOUT,
                log=log,
                wake=child.board.idle_bell.wake,
            ),
            ServiceThread(
                "maintenance",
                make_maintenance,
                without="meanwhile tables are left to autovacuum, and old history is kept",
                timeout=vacuum.STATEMENT_TIMEOUT,
                log=log,
                breaks_off=True,
            ),
        ]
        yield [stack.enter_context(thread) for thread in threads]
