"""The parent of all: forks, watches, decides. Made and run by ``pooljobs serve``.

It opens no database connection, runs no user code and starts no thread, so that nothing a job does can take it down.
This is its outermost frame; ``loop.py`` holds the steps.
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
from pooljobs_supervisor.emptied import Emptied
from pooljobs_supervisor.enforcer import Enforcer
from pooljobs_supervisor.fleet.children import Children
from pooljobs_supervisor.fleet.course import Course
from pooljobs_supervisor.fleet.watchers import Watcher
from pooljobs_supervisor.forking.belongings import Belongings
from pooljobs_supervisor.forking.deaths import DeathWatch, pidfds_work
from pooljobs_supervisor.forking.leave import leave
from pooljobs_supervisor.forking.lifeline import Lifeline
from pooljobs_supervisor.forking.parent_death import parent_death_signal
from pooljobs_supervisor.forking.signals import Inbox
from pooljobs_supervisor.forking.stacks import Stacks
from pooljobs_supervisor.forking.strangers import Strangers, adopts_orphans
from pooljobs_supervisor.limits.hung import Hung
from pooljobs_supervisor.limits.overdue import Overdue
from pooljobs_supervisor.limits.wear import Limits, Wear
from pooljobs_supervisor.loop import Loop
from pooljobs_supervisor.nursery import Nursery
from pooljobs_supervisor.orders import Orders
from pooljobs_supervisor.reload import Reload
from pooljobs_supervisor.service_manager import ServiceManager
from pooljobs_supervisor.sources.changes import Changes
from pooljobs_supervisor.telling.countdown import Countdown
from pooljobs_supervisor.telling.patient_log import PatientLog
from pooljobs_supervisor.telling.status_line import StatusLine
from pooljobs_supervisor.telling.story import Story
from pooljobs_supervisor.terminal import has_terminal
from pooljobs_supervisor.zygote.adoption import adopt_orphans
from pooljobs_supervisor.zygote.births import Births
from pooljobs_supervisor.zygote.books import Zygotes
from pooljobs_supervisor.zygote.keeper import Keeper
from pooljobs_supervisor.zygote.life import Heritage
from pooljobs_supervisor.zygote.preload import Preload
from pooljobs_supervisor.zygote.story import ZygoteStory


class Supervisor:
    """One run of a fleet. Constructing it starts nothing; ``run`` may be called once, in the main thread.

    Args:
        settings: ``procs``, ``shutdown_timeout`` and the limits of a child are used here.
        board: Has room for ``slots_for(settings.procs)`` slots.
        worker: Runs in each worker after the fork.
        steward: Runs in the steward after the fork.
        log: Default ``pooljobs.supervisor``.
        terminal: Descriptor of the terminal that the log goes to as text, if it does: it gets a countdown at the end.
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
        self._story = Story(self._log, settings.procs, partial(needed, settings))
        self._children = Children(settings.procs, most_workers(settings.procs))
        self._course = Course(settings.shutdown_timeout)
        self._load = preload
        self._zygotes = Zygotes(settings.boot_timeout)
        code = self._zygotes if preload is not None else None
        slowness = max(0.0, settings.boot_timeout - BOOT_TIMEOUT)
        self._reload = Reload(self._board, self._children, self._course, self._story, code, slowness)
        line = StatusLine(terminal) if terminal is not None else None
        self._countdown = Countdown(self._board, self._children, self._course, self._story, line)
        self._job_timeout, self._boot_timeout = settings.worker.job_timeout, settings.boot_timeout
        self._changes = Changes(settings.reload_dirs, self._reload, self._course, self._log)
        self._limits = Limits(settings.max_jobs_per_child, settings.max_memory_per_child * 1_000_000)

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
            watch, stacks = DeathWatch(selector, pidfds=pidfds), Stacks()
            own = Belongings(lifeline.close, inbox.close, watch.close, stacks.close)
            self._changes.start(selector, own)
            keeper = self._keep_zygotes(watch, selector, lifeline, own)
            nursery = Nursery(
                self._board,
                self._children,
                watch,
                lifeline.read_fd,
                mains=self._mains,
                forget=own.forget,
                stacks=stacks,
                log=self._log,
                keeper=keeper,
            )
            self._story.starting(os.getpid(), monotonic())
            self._loop(inbox, watch, nursery, stacks, self._preloading(keeper, own)).run(selector)
            self._finish()
        return self._course.result

    def _keep_zygotes(
        self, watch: DeathWatch, selector: BaseSelector, lifeline: Lifeline, own: Belongings
    ) -> Keeper | None:
        """What forks zygotes, where workers are to come from them; then orphans come to this process from now on."""
        if self._load is None:
            return None
        adopt_orphans()
        heritage = Heritage(
            self._board,
            lifeline.read_fd,
            os.getpid(),
            self._load,
            self._mains[Role.WORKER],
            parent_death_signal(),
            self._log,
        )
        keeper = Keeper(self._zygotes, Births(selector), watch, selector, heritage)
        own.add(keeper.close)
        return keeper

    def _preloading(self, keeper: Keeper | None, own: Belongings) -> Preload | None:
        if keeper is None:
            return None
        story = ZygoteStory(self._log)
        return Preload(self._zygotes, keeper, self._children, self._course, story, own.forget)

    def _loop(self, inbox: Inbox, watch: DeathWatch, nursery: Nursery, stacks: Stacks, preload: Preload | None) -> Loop:
        """The loop with all that it calls; nothing is forked yet."""
        orders = Orders(
            self._board,
            self._children,
            self._course,
            self._story,
            self._reload,
            self._zygotes,
            had_terminal=has_terminal(),
        )
        return Loop(
            self._board,
            self._children,
            self._course,
            self._story,
            inbox,
            orders,
            self._reload,
            watch,
            nursery,
            Strangers(adopts=adopts_orphans()),
            ServiceManager(os.environ, self._log),
            self._watchers(stacks),
            Enforcer(self._board, nursery, stacks, self._story),
            preload,
        )

    def _watchers(self, stacks: Stacks) -> tuple[Watcher, ...]:
        """Who looks at the fleet on every tick, in this order."""
        return (
            Overdue(self._board, self._children, self._course, stacks),
            Wear(self._limits, self._board, self._children, self._course),
            self._changes,
            self._reload,
            Emptied(self._board, self._children, self._course, self._story),
            self._countdown,
            Hung(self._job_timeout, self._boot_timeout, self._board, self._children, self._course),
            PatientLog(),
        )

    def _finish(self) -> None:
        """Say goodbye. Children that even SIGKILL did not end would keep the interpreter from exiting."""
        self._countdown.wipe()
        self._changes.stop()
        self._story.ended(self._course)
        if self._children.all:
            self._story.left_behind(self._children.all)
            leave(self._course.result)
