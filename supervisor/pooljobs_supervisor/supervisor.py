"""The parent of all: forks, watches, decides. Made and run by ``pooljobs serve``.

It opens no database connection, runs no user code and starts no thread, so that nothing a job does can take it down.
This is its outermost frame; ``supervisor_loop.py`` holds the steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from logging import Logger, getLogger
from selectors import EVENT_READ, BaseSelector, PollSelector
from time import monotonic

from pooljobs import logs
from pooljobs.db.connection_budget import needed
from pooljobs.exit_codes import ExitCode
from pooljobs.process.child import ChildMain
from pooljobs.scoreboard import Role, Scoreboard, most_workers
from pooljobs.settings import BOOT_TIMEOUT, ServeSettings
from pooljobs_supervisor.child_processes import ChildProcesses
from pooljobs_supervisor.deadline_enforcer import DeadlineEnforcer
from pooljobs_supervisor.emptied import Emptied
from pooljobs_supervisor.fleet.children import Children
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import Lifecycle
from pooljobs_supervisor.fleet.watchers import Watcher
from pooljobs_supervisor.forking.exit_watch import ExitWatch, pidfds_work
from pooljobs_supervisor.forking.lifeline import Lifeline, ParentResources
from pooljobs_supervisor.forking.orphan_reaper import OrphanReaper, adopts_orphans
from pooljobs_supervisor.forking.parent_death import parent_death_signal
from pooljobs_supervisor.forking.process_exit import leave
from pooljobs_supervisor.forking.signals import Inbox
from pooljobs_supervisor.forking.stack_files import StackFiles
from pooljobs_supervisor.limits.deadline_watcher import DeadlineWatcher
from pooljobs_supervisor.limits.hang_watchdog import HangWatchdog
from pooljobs_supervisor.limits.recycling import Recycling, RecyclingLimits
from pooljobs_supervisor.reload import Reload
from pooljobs_supervisor.reporting.drain_display import DrainDisplay
from pooljobs_supervisor.reporting.log_flush import LogFlush
from pooljobs_supervisor.reporting.status_line import StatusLine
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog
from pooljobs_supervisor.service_manager import ServiceManager
from pooljobs_supervisor.signal_actions import SignalActions
from pooljobs_supervisor.sources.changes import Changes
from pooljobs_supervisor.supervisor_loop import SupervisorLoop
from pooljobs_supervisor.terminal import has_terminal
from pooljobs_supervisor.zygote.manager import ZygoteManager
from pooljobs_supervisor.zygote.preload import Preload
from pooljobs_supervisor.zygote.spawn_requests import SpawnRequests
from pooljobs_supervisor.zygote.subreaper import adopt_orphans
from pooljobs_supervisor.zygote.zygote_log import ZygoteLog
from pooljobs_supervisor.zygote.zygote_main import ZygoteContext
from pooljobs_supervisor.zygote.zygote_state import Zygotes


class Supervisor:
    """One run of a fleet. Constructing it starts nothing; ``run`` may be called once, in the main thread.

    Args:
        settings: ``procs``, ``shutdown_timeout`` and the limits of a child are used here.
        board: Has room for ``slots_for(settings.procs)`` slots.
        worker: Runs in each worker after the fork.
        steward: Runs in the steward after the fork.
        log: Default ``pooljobs.supervisor``.
        terminal: Descriptor of the terminal that the log goes to as text, if it does: it gets a live line at the end.
        preload: Loads the application, in a zygote that workers are forked from (see ``zygote``); Linux only. Default
            None: workers are forked here, and load it themselves.
    """

    def __init__(
        self,
        settings: ServeSettings,
        board: Scoreboard,
        *,
        worker: ChildMain,
        steward: ChildMain,
        log: Logger | None = None,
        terminal: int | None = None,
        preload: Callable[[], object] | None = None,
    ) -> None:
        self._board = board
        self._mains = {Role.WORKER: worker, Role.STEWARD: steward}
        self._log = log or getLogger("pooljobs.supervisor")
        self._supervisor_log = SupervisorLog(self._log, settings.procs, partial(needed, settings))
        self._children = Children(settings.procs, most_workers(settings.procs))
        self._lifecycle = Lifecycle(settings.shutdown_timeout)
        self._load = preload
        self._zygotes = Zygotes(settings.boot_timeout)
        code = self._zygotes if preload is not None else None
        slowness = max(0.0, settings.boot_timeout - BOOT_TIMEOUT)
        self._fleet = FleetState(board, self._children, self._lifecycle)
        self._reload = Reload(self._fleet, self._supervisor_log, zygotes=code, slowness=slowness)
        line = StatusLine(terminal) if terminal is not None else None
        self._drain_display = DrainDisplay(self._fleet, self._supervisor_log, terminal=line)
        self._job_timeout, self._boot_timeout = settings.worker.job_timeout, settings.boot_timeout
        self._changes = Changes(settings.reload_dirs, self._reload, lifecycle=self._lifecycle, log=self._log)
        self._limits = RecyclingLimits(settings.max_jobs_per_child, settings.max_memory_per_child * 1_000_000)

    def run(self) -> ExitCode:
        """Serve until asked to stop, and to the end of all children.

        Returns:
            OK; DRAIN_TIMED_OUT when workers had to be killed; or why the start failed.

        An unexpected exception ends the whole process with INTERNAL; the children then see the lifeline's end and
        drain by themselves.
        """
        logs.never_wait()
        try:
            return self._serve()
        except BaseException:  # noqa: BLE001 - an ordinary exit would wait for the children
            self._log.critical("the supervisor broke; its children drain by themselves", exc_info=True)
            leave(ExitCode.INTERNAL)

    def _serve(self) -> ExitCode:
        pidfds = pidfds_work()
        # poll, not epoll or kqueue: their descriptors would be shared with children, or break in them
        with Inbox(children=not pidfds) as inbox, PollSelector() as selector, Lifeline() as lifeline:
            selector.register(inbox.fd, EVENT_READ)
            selector.register(self._board.bell.read_fd, EVENT_READ)
            watch, stack_files = ExitWatch(selector, pidfds=pidfds), StackFiles()
            own = ParentResources(lifeline.close, inbox.close, watch.close, stack_files.close)
            self._changes.start(selector, own)
            manager = self._keep_zygotes(watch, selector, lifeline, own)
            child_processes = ChildProcesses(
                self._board,
                self._children,
                watch=watch,
                lifeline_fd=lifeline.read_fd,
                mains=self._mains,
                forget=own.forget,
                stack_files=stack_files,
                log=self._log,
                manager=manager,
            )
            self._supervisor_log.starting(os.getpid(), monotonic())
            self._loop(inbox, watch, child_processes, stack_files, self._preloading(manager, own)).run(selector)
            self._finish()
        return self._lifecycle.result

    def _keep_zygotes(
        self, watch: ExitWatch, selector: BaseSelector, lifeline: Lifeline, own: ParentResources
    ) -> ZygoteManager | None:
        """What forks zygotes, where workers are to come from them; then orphans come to this process from now on."""
        if self._load is None:
            return None
        adopt_orphans()
        context = ZygoteContext(
            self._board,
            lifeline.read_fd,
            supervisor=os.getpid(),
            load=self._load,
            worker=self._mains[Role.WORKER],
            tell_of_parent=parent_death_signal(),
            log=self._log,
        )
        manager = ZygoteManager(self._zygotes, SpawnRequests(selector), watch=watch, selector=selector, context=context)
        own.add(manager.close)
        return manager

    def _preloading(self, manager: ZygoteManager | None, own: ParentResources) -> Preload | None:
        if manager is None:
            return None
        return Preload(self._fleet, self._zygotes, manager=manager, log=ZygoteLog(self._log), forget=own.forget)

    def _loop(
        self,
        inbox: Inbox,
        watch: ExitWatch,
        child_processes: ChildProcesses,
        stack_files: StackFiles,
        preload: Preload | None,
    ) -> SupervisorLoop:
        """The loop with all that it calls; nothing is forked yet."""
        signal_actions = SignalActions(
            self._fleet,
            self._supervisor_log,
            reload=self._reload,
            zygotes=self._zygotes,
            had_terminal=has_terminal(),
        )
        return SupervisorLoop(
            self._fleet,
            self._supervisor_log,
            inbox=inbox,
            signal_actions=signal_actions,
            reload=self._reload,
            watch=watch,
            child_processes=child_processes,
            orphan_reaper=OrphanReaper(adopts=adopts_orphans()),
            manager=ServiceManager(os.environ, self._log),
            watchers=self._watchers(stack_files),
            enforcer=DeadlineEnforcer(
                self._board, child_processes, stack_files=stack_files, supervisor_log=self._supervisor_log
            ),
            preload=preload,
        )

    def _watchers(self, stack_files: StackFiles) -> tuple[Watcher, ...]:
        """Who looks at the fleet on every tick, in this order."""
        return (
            DeadlineWatcher(self._fleet, stack_files),
            Recycling(self._fleet, self._limits),
            self._changes,
            self._reload,
            Emptied(self._fleet, self._supervisor_log),
            self._drain_display,
            HangWatchdog(self._fleet, job_timeout=self._job_timeout, boot_timeout=self._boot_timeout),
            LogFlush(),
        )

    def _finish(self) -> None:
        """Say goodbye. Children that even SIGKILL did not end would keep the interpreter from exiting."""
        self._drain_display.wipe()
        self._changes.stop()
        self._supervisor_log.ended(self._lifecycle)
        if self._children.all:
            self._supervisor_log.left_behind(self._children.all)
            leave(self._lifecycle.result)
