"""Has the fleet reload when source files change. A watcher; the files are watched by a process of their own.

That process is no child of the fleet's: it holds nothing, has no slot, and is not replaced when it dies, which the log
says. Not a thread here, since the supervisor forks.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from functools import partial
from logging import Logger
from selectors import EVENT_READ, BaseSelector

from pooljobs.exit_codes import describe_exit
from pooljobs_supervisor.fleet.actions import Action
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage
from pooljobs_supervisor.fleet.plan import EAGER_TICK, IDLE_TICK
from pooljobs_supervisor.forking.exit_watch import Process, reap
from pooljobs_supervisor.forking.lifeline import ParentResources
from pooljobs_supervisor.forking.parent_death import parent_death_signal
from pooljobs_supervisor.forking.spawn import fork
from pooljobs_supervisor.reload import Reload
from pooljobs_supervisor.sources.file_watcher import settle_in_watcher, watch_sources
from pooljobs_supervisor.sources.watch_messages import news_in

_GULP = 65536


class Changes:
    """Of the files below ``directories``; nothing is done if there are none. Constructing it forks nothing."""

    def __init__(self, directories: Sequence[str], reload: Reload, *, lifecycle: Lifecycle, log: Logger) -> None:
        self._directories = directories
        self._reload = reload
        self._lifecycle = lifecycle
        self._log = log
        self._read_fd = -1
        self._process: Process | None = None
        self._selector: BaseSelector | None = None

    def start(self, selector: BaseSelector, own: ParentResources) -> None:
        """Fork the process, which lets go of what is the supervisor's ``own``; its pipe is so from then on.

        Raises:
            OSError: The system refuses.
        """
        if not self._directories:
            return
        self._read_fd, write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        parent = os.getpid()
        own.add(partial(os.close, self._read_fd))
        settle_in = partial(settle_in_watcher, own.forget, parent_death_signal(), parent)
        life = partial(watch_sources, self._directories, write_fd, parent, self._log)
        try:
            self._process = fork("files", settle_in, life, self._log)
        finally:
            os.close(write_fd)
        selector.register(self._read_fd, EVENT_READ)
        self._selector = selector

    def check(self, now: float) -> Sequence[Action]:
        """Take what was told; asks for a reload, and for nothing by itself."""
        if self._process is None:
            return []
        try:
            told = os.read(self._read_fd, _GULP)
        except BlockingIOError:
            return []
        for news in news_in(told):
            if not news.count:
                self._log.info("watching the Python files in %s: a change reloads", ", ".join(self._directories))
            elif self._lifecycle.stage is LifecycleStage.SERVE:
                self._reload.ask(now, f"changed: {news}")
        if not told:
            self._reap()
        return []

    def next_check(self, _now: float) -> float:
        """The pipe wakes the loop; of an end there is nothing to wait for but the exit status."""
        return EAGER_TICK if self._process is not None and self._selector is None else IDLE_TICK

    def stop(self) -> None:
        """End the process, if it lives, and wait for that."""
        if self._process is not None and self._process.pid is not None and self._process.exitcode is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.join()

    def _reap(self) -> None:
        """Its end of the pipe is closed: it ends."""
        if self._selector is not None:
            self._selector.unregister(self._read_fd)
            self._selector = None
        if self._process is not None and (end := reap(self._process)) is not None:
            self._process = None
            why = describe_exit(end.status)
            self._log.warning("nobody watches the files any more (%s): send SIGHUP, or start anew, to reload", why)
