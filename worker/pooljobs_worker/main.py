"""A worker process from its fork to its exit: puts the parts together, boots, and runs the loop.

Called by the composition root's supervisor, in the child, with signals and file descriptors already in order.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Final

from pooljobs.application.app import PoolJobs
from pooljobs.application.loading import load_app
from pooljobs.application.readiness import check_ready
from pooljobs.db.connect import child_pool, worker_application_name
from pooljobs.exit_codes import ExitCode
from pooljobs.logs import name_process, room_for_application
from pooljobs.logs.safe_logger import SafeLogger
from pooljobs.process.child import Child
from pooljobs.process.standard_output import forgive_lost_readers
from pooljobs.scoreboard import SlotState
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_worker.claims.claimer import Claimer, OthersJobs
from pooljobs_worker.claims.foreign_jobs import ForeignJobs
from pooljobs_worker.claims.give_back import GivesBack
from pooljobs_worker.claims.lanes import Lanes
from pooljobs_worker.components import Components
from pooljobs_worker.execution.factory import make_executor
from pooljobs_worker.runtime.garbage_collection import look_less_often, pass_over_what_is_there
from pooljobs_worker.session.database_wait import DatabaseWait
from pooljobs_worker.session.worker_session import GaveUpError, WorkerSession
from pooljobs_worker.worker_loop import WorkerLoop

MOST_TOLD: Final = 5
"""Queues that are named in one line."""


def session_connections(connections: int) -> int:
    """Of a worker's connections, how many claim and settle; the rest, at least one, are for what handlers enqueue."""
    return 2 if connections > 2 else 1  # noqa: PLR2004  # one each, where that leaves one for the handlers


def _load(named: str) -> PoolJobs:
    """The application, ready to run its jobs, and passed over by the garbage collection from now on."""
    with room_for_application():
        app = load_app(named)
    check_ready(app)
    pass_over_what_is_there()
    return app


def worker_main(settings: ServeSettings, child: Child) -> int:
    """Runs one worker; returns its exit code.

    Raises:
        PoolJobsError: The application cannot be used; the supervisor tells it and decides.
    """
    name_process(f"worker-{child.slot.ordinal}")
    log = SafeLogger("pooljobs.worker")
    look_less_often()
    forgive_lost_readers()
    app = _load(settings.app)
    sessions = session_connections(settings.worker.connections)
    app.pool_size = settings.worker.connections - sessions
    app.use_dsn(settings.dsn, schema=settings.schema)
    with ExitStack() as stack:
        pool = stack.enter_context(
            child_pool(
                settings.dsn,
                size=sessions,
                application_name=worker_application_name(child.slot.ordinal, os.getpid()),
                relaxed=settings.worker.durability == "relaxed",
                silence=settings.worker.job_timeout,
            )
        )
        stack.callback(app.close)
        stack.callback(tell_stop, app, log)
        for hook in app.hooks.on_worker_start:
            hook()
        wait = DatabaseWait(child.slot, log)
        claiming, *others = [
            WorkerSession(pool, child.slot, wait=wait, give_up=lambda: child.leaving, number=n) for n in range(sessions)
        ]
        for session in (claiming, *others):
            stack.callback(session.close)
        settling = others[0] if others else claiming
        components = Components.assemble(settings, child, session=claiming, settling=settling, log=log)
        try:
            _run(components, app)
        except GaveUpError:
            log.warning("leaving while the database is away; what is unsettled comes back when the lease runs out")
        except Exception as error:
            if not components.exhaustion.caused(error, str(error)):
                raise
        return ExitCode.EXHAUSTED if components.exhaustion.of else ExitCode.OK


def tell_stop(app: PoolJobs, log: SafeLogger) -> None:
    """Calls the hooks for a worker's end. What they raise is logged."""
    for hook in app.hooks.on_worker_stop:
        try:
            hook()
        except BaseException:  # it decides nothing any more
            log.exception("on_worker_stop hook %s failed", getattr(hook, "__qualname__", hook))


def unserved(app: PoolJobs, settings: WorkerSettings) -> str:
    """The queues that the application declares jobs for and this fleet does not serve, in words; empty for none."""
    left: dict[str, str] = {}
    for task in app.registry.values():
        if task.queue not in settings.queues:
            left.setdefault(task.queue, task.name)
    told = [f"queue {queue} (of {name})" for queue, name in sorted(left.items())[:MOST_TOLD]]
    return ", ".join(told) + (f" and {len(left) - MOST_TOLD} more" if len(left) > MOST_TOLD else "")


def make_claimer(components: Components, app: PoolJobs) -> Claimer:
    """The claimer of a worker with this code."""
    settings = components.settings.worker
    others_jobs = OthersJobs(
        foreign_jobs=ForeignJobs(app.registry, types=settings.unknown_after > 0),
        refused_shapes=components.refused_shapes,
        paused_jobs=components.paused_jobs,
        gives_back=GivesBack(components.statements, components.child, components.log),
    )
    return Claimer(
        components.session,
        components.statements,
        lanes=Lanes(settings.shares),
        others_jobs=others_jobs,
        slot=components.child.slot,
        most_bytes=settings.max_batch_bytes,
    )


def _run(components: Components, app: PoolJobs) -> None:
    """Registers, says that it is ready, and works until it is time to leave."""
    slot = components.child.slot
    if slot.ordinal == 1 and (left := unserved(app, components.settings.worker)):  # one tells it, of each code
        components.log.warning("declared, but not served here: %s; jobs wait there until a fleet serves them", left)
    components.held.know(app.registry)
    components.registration.declare(app)
    components.registration.register()
    components.settler.session.open()
    claimer = make_claimer(components, app)
    components.flusher.start()
    try:
        with make_executor(components, app) as executor:
            slot.state = SlotState.READY
            WorkerLoop(components, claimer, executor).run()
    finally:
        components.flusher.stop()
