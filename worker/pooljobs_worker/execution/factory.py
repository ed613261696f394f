"""Chooses who runs the handlers: the main thread one by one, or threads and tasks when the concurrency is above one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from pooljobs.application.app import PoolJobs
from pooljobs_worker.components import Components
from pooljobs_worker.dispatch.context_services import ContextServices
from pooljobs_worker.dispatch.deadlines import Deadlines
from pooljobs_worker.dispatch.dispatcher import CoroutineRunner, Dispatcher
from pooljobs_worker.dispatch.interrupter import Interrupter
from pooljobs_worker.dispatch.logged_dispatcher import LoggedDispatcher
from pooljobs_worker.dispatch.payload_refusals import PayloadRefusals
from pooljobs_worker.execution.batch_size import AdaptiveBatchSize
from pooljobs_worker.execution.concurrent_executor import ConcurrentExecutor
from pooljobs_worker.execution.coroutines import BackgroundLoop, MainLoop
from pooljobs_worker.execution.serial_executor import SerialExecutor
from pooljobs_worker.runtime.process_state import ProcessState
from pooljobs_worker.runtime.stack_dump import StackDumper
from pooljobs_worker.worker_loop import Executor


@contextmanager
def make_executor(components: Components, app: PoolJobs) -> Iterator[Executor]:
    """The executor for these settings; its event loop and threads end with the block."""
    child, settings = components.child, components.settings.worker
    stack_dumper = StackDumper(child.stack_fd)
    adaptive_batch = AdaptiveBatchSize(settings.batch_size, settings.max_batch_size, adaptive=settings.adaptive)
    deadlines = Deadlines(child.slot, app.registry, settings.time_limit)
    interrupter = Interrupter(child.slot, deadlines.by_type)
    interrupter.install()
    descriptors = (fd for fd in (child.slot.wake_fd, child.lifeline_fd, child.stack_fd) if fd >= 0)
    dispatcher = partial(_dispatcher, components, app, interrupter=interrupter, deadlines=deadlines)
    with closing(ProcessState(descriptors, stack_dumper, components.log)) as process_state:
        if settings.concurrency == 1:
            with MainLoop(components.log) as main_loop:
                one = dispatcher(run_coroutine=main_loop.run)
                with _closing(one, main_loop.run, components):
                    yield SerialExecutor(components, one, process_state=process_state, adaptive_batch=adaptive_batch)
        else:
            with BackgroundLoop(components.log, broken=process_state.check_descriptors) as loop:
                one = dispatcher(run_coroutine=loop.run)
                with (
                    _closing(one, loop.run, components),
                    ConcurrentExecutor(
                        components, one, process_state=process_state, adaptive_batch=adaptive_batch, loop=loop
                    ) as executor,
                ):
                    yield executor


@contextmanager
def _closing(dispatcher: Dispatcher, run: CoroutineRunner, components: Components) -> Iterator[None]:
    """Closes what lives in the event loop, when the jobs have ended and before it does."""
    try:
        yield
    finally:
        if dispatcher.loop_values.any:
            run(dispatcher.loop_values.close(components.settings.shutdown_timeout))


def _dispatcher(
    components: Components,
    app: PoolJobs,
    *,
    interrupter: Interrupter,
    deadlines: Deadlines,
    run_coroutine: CoroutineRunner,
) -> Dispatcher:
    settings, job_log = components.settings.worker, components.job_log
    return (LoggedDispatcher if job_log.all else Dispatcher)(
        app,
        run_coroutine,
        interrupter=interrupter,
        deadlines=deadlines,
        services=ContextServices(
            components.statements.load("complete_in_transaction"), components.progress_reports.take
        ),
        payload_refusals=PayloadRefusals(components.refused_shapes, settings.unknown_after, job_log),
        exhaustion=components.exhaustion,
        job_log=job_log,
        log=components.log,
    )
