"""Zygotes' effects: forks them, asks them for workers, hears from them, and reaps them. What to do is decided in
``zygote_state.py``.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, BaseSelector

from pooljobs_supervisor.fleet.children import Position
from pooljobs_supervisor.forking.exit_watch import ExitWatch, Reapable, reap
from pooljobs_supervisor.forking.spawn import fork
from pooljobs_supervisor.forking.stack_files import StackFiles, close, whereabouts
from pooljobs_supervisor.zygote.channel import ask, hear, make_line
from pooljobs_supervisor.zygote.spawn_requests import SpawnRequest, SpawnRequests
from pooljobs_supervisor.zygote.zygote_main import ZygoteContext, live, settle_in_zygote
from pooljobs_supervisor.zygote.zygote_state import ZygoteRecord, Zygotes


class ZygoteManager:
    """The zygotes of one supervisor, which must be one whom orphans come to (``subreaper.py``)."""

    def __init__(
        self,
        zygotes: Zygotes,
        spawn_requests: SpawnRequests,
        *,
        watch: ExitWatch,
        selector: BaseSelector,
        context: ZygoteContext,
    ) -> None:
        self._zygotes = zygotes
        self._watch = watch
        self._selector = selector
        self._context = context
        self._processes: dict[int, Reapable] = {}
        self._lines: dict[int, socket.socket] = {}
        self._stack_files = StackFiles()
        self.spawn_requests = spawn_requests
        """Of workers that were asked for here."""

    @property
    def pids(self) -> Collection[int]:
        """Zygotes that live, or were not reaped yet."""
        return self._processes.keys()

    @property
    def can_ask(self) -> bool:
        """Whether there is a zygote to ask for a worker."""
        return self._zygotes.source is not None

    def fork_zygote(self, generation: int, forget: Callable[[], None], now: float) -> None:
        """Fork a zygote; ``forget`` closes what belongs to the supervisor alone.

        Raises:
            OSError: The system refuses.
        """
        ours, theirs = make_line()
        stack_fd = self._stack_files.make()
        with theirs:
            try:
                settle_in = partial(
                    settle_in_zygote, self._context, partial(_forget_all, (forget, ours.close)), stack_fd
                )
                process = fork("zygote", settle_in, partial(live, self._context, theirs), self._context.log)
            except OSError:
                ours.close()
                close(stack_fd)
                raise
        pid = process.pid or 0
        self._processes[pid], self._lines[pid] = process, ours
        self._stack_files.keep(pid, stack_fd)
        self._zygotes.forked(ZygoteRecord(pid, generation, forked=now))
        self._watch.watch(pid)
        self._selector.register(ours, EVENT_READ)

    def ask(self, position: Position, slot: int, stack_fd: int, now: float) -> bool:
        """Ask for a worker, and expect it. False if the zygote has gone away: another will come.

        Raises:
            OSError: It has more to do than it can hold, or the system has no descriptors to spare.
        """
        zygote = self._zygotes.source
        if zygote is None:
            return False
        request = SpawnRequest(
            position, slot, stack_fd=stack_fd, zygote=zygote.pid, generation=zygote.generation, asked=now
        )
        write_fd = self.spawn_requests.expect(request)
        try:
            ask(self._lines[zygote.pid], slot, write_fd, stack_fd)
        except OSError as error:
            self.spawn_requests.forget(request)
            if isinstance(error, ConnectionError):
                return False
            raise
        finally:
            os.close(write_fd)
        return True

    def hear(self, now: float) -> list[ZygoteRecord]:
        """Note what the zygotes have said since the last call; returns those that have become ready."""
        ready = []
        for zygote in self._zygotes.all:
            said = hear(self._lines[zygote.pid]) if not zygote.lost else False
            if said:
                self._zygotes.ready(zygote, now)
                ready.append(zygote)
            elif said is None:
                zygote.lost = True
                self._selector.unregister(self._lines[zygote.pid])
        return ready

    def where(self, zygote: ZygoteRecord) -> str:
        """Where a zygote is, in words; it has a moment to say so."""
        return whereabouts(self._stack_files.asked(zygote.pid))

    def kill(self, zygote: ZygoteRecord) -> None:
        """SIGKILL a zygote and its session's group: who is on the way to be a worker in it is none yet."""
        try:
            os.killpg(zygote.pid, signal.SIGKILL)
        except ProcessLookupError:  # not in its own session yet
            os.kill(zygote.pid, signal.SIGKILL)

    def reap(self, pid: int) -> int | None:
        """Reap a zygote; its exit status, or None if it lives."""
        end = reap(self._processes[pid])
        if end is None:
            return None
        del self._processes[pid]
        self._watch.forget(pid)
        self._stack_files.drop(pid)
        line = self._lines.pop(pid)
        with suppress(KeyError):  # it was lost
            self._selector.unregister(line)
        line.close()
        return end.status

    def close(self) -> None:
        """Close lines and pipes: all that a forked child may do with its parent's zygotes."""
        for line in self._lines.values():
            line.close()
        self.spawn_requests.close()
        self._stack_files.close()


def _forget_all(each: tuple[Callable[[], None], ...]) -> None:
    for forget in each:
        forget()
