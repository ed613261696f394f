"""Puts the steward's helpers together: who calls idle workers, and who keeps the tables in shape."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pooljobs.db.connect import child_pool
from pooljobs.process.child import Child
from pooljobs.settings import ServeSettings
from pooljobs_steward.maintenance import vacuum_service
from pooljobs_steward.maintenance.vacuum_service import VacuumService
from pooljobs_steward.service_thread import ServiceThread
from pooljobs_steward.wakeups import waker
from pooljobs_steward.wakeups.waker import Waker


@contextmanager
def helping(
    settings: ServeSettings, child: Child, acted: threading.Event, log: logging.Logger
) -> Iterator[Sequence[ServiceThread]]:
    """Both at work for as long as the block lasts, each with a pool of one connection: neither waits for another's.

    ``child`` is the steward; ``acted`` is set when the fleet is told that somebody has asked for something.
    """
    with ExitStack() as stack:
        calling, keeping = (
            stack.enter_context(
                child_pool(
                    settings.dsn,
                    size=1,
                    application_name=f"pooljobs {name} (pid {os.getpid()})",
                    silence=settings.worker.job_timeout,
                )
            )
            for name in ("caller", "upkeeper")
        )
        call = ServiceThread(
            "caller",
            lambda stopping, watchdog: Waker(
                settings, child, acted, calling, log, stopping=stopping, watchdog=watchdog
            ),
            without="meanwhile idle workers look for jobs by themselves",
            patience=waker.PATIENCE,
            log=log,
            wake=child.board.idle_bell.wake,
        )
        keep = ServiceThread(
            "upkeeper",
            lambda stopping, watchdog: VacuumService(
                settings, child.board.fleet, keeping, log, stopping=stopping, watchdog=watchdog
            ),
            without="meanwhile tables are left to autovacuum, and old history is kept",
            patience=vacuum_service.PATIENCE,
            log=log,
            breaks_off=True,
        )
        yield [stack.enter_context(call), stack.enter_context(keep)]
