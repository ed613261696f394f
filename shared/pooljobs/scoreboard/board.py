"""The whole scoreboard: an anonymous shared mapping and a wake pipe for everybody, made before the first fork."""

from __future__ import annotations

import mmap
import secrets
from collections.abc import Iterator

from pooljobs.errors import ScoreboardError
from pooljobs.scoreboard.layout import PAGE_WORDS, WORD, Layout
from pooljobs.scoreboard.slot import Slot
from pooljobs.scoreboard.suspect_types import SuspectTypes
from pooljobs.scoreboard.wake import WakePipe

MOST_GROWTH = 32
"""Workers by which a fleet may outgrow its start: each place costs two descriptors, needed or not."""


def most_workers(procs: int) -> int:
    """Workers that a fleet started with ``procs`` may reach: twice as many, as far as ``MOST_GROWTH`` goes."""
    return procs + min(procs, MOST_GROWTH)


def slots_for(procs: int) -> int:
    """Slots that a fleet of ``procs`` workers needs: for all it may grow to, as many dead as it began with, and some
    for the steward and a replacement.
    """
    return most_workers(procs) + procs + 4


def pipes_for(slots: int) -> int:
    """Wake pipes of a board: one a slot, and the two bells."""
    return slots + 2


class Scoreboard:
    """All slots of one supervisor. Children inherit it by the fork; nobody can attach to it otherwise."""

    def __init__(
        self, memory: mmap.mmap, slots: tuple[Slot, ...], *, view: memoryview, bells: tuple[WakePipe, WakePipe]
    ) -> None:
        self._memory = memory
        self._view = view
        self.bell, self.idle_bell = bells
        """``bell`` wakes the supervisor. Any child may ring it; what it is about stands on the board. ``idle_bell``
        wakes whoever of the steward's threads finds work for the idle: a worker rings it when it runs out of work."""
        self.fleet = secrets.randbits(63)
        """A number that all children of this supervisor share, and nobody else has."""
        self._slots = slots
        self.suspect_types = SuspectTypes(view[-PAGE_WORDS:])
        """Behind the slots, in a page of their own."""

    @classmethod
    def create(cls, slots: int, entries: int) -> Scoreboard:
        """Map the memory and open the pipes.

        Args:
            slots: Places for children, living and dead; see ``slots_for``.
            entries: Jobs that one child can hold at a time.

        Raises:
            ScoreboardError: Not one slot or entry was asked for, or the system refuses the memory or the pipes.
        """
        if slots < 1 or entries < 1:
            raise ScoreboardError(f"a scoreboard needs at least 1 slot and 1 entry, not {slots} and {entries}")
        layout = Layout(entries)
        pipes = _open_pipes(pipes_for(slots))
        try:
            memory = mmap.mmap(-1, (slots * layout.words + PAGE_WORDS) * WORD)
        except OSError as error:
            _close_pipes(pipes)
            raise ScoreboardError(f"no shared memory for {slots} processes: {error}") from error
        view = memoryview(memory).cast("q")
        words = layout.words
        return cls(
            memory,
            tuple(
                Slot(i, view[i * words : (i + 1) * words], layout=layout, pipe=pipe)
                for i, pipe in enumerate(pipes[:slots])
            ),
            view=view,
            bells=(pipes[slots], pipes[slots + 1]),
        )

    def slot(self, index: int) -> Slot:
        """The slot with this index.

        Raises:
            ScoreboardError: There is none.
        """
        if not 0 <= index < len(self._slots):
            raise ScoreboardError(f"the scoreboard has slots 0 to {len(self._slots) - 1}, not {index}")
        return self._slots[index]

    @property
    def returned_ns(self) -> int:
        """When jobs last came back that a worker of this host had claimed, behind the others' floors.

        Monotonic nanoseconds, 0 for never. Written by the steward for the dead, and by workers that give back what
        waits behind a slow job.
        """
        return int(self._view[-1])

    @returned_ns.setter
    def returned_ns(self, now_ns: int) -> None:
        self._view[-1] = now_ns

    @property
    def polled_ns(self) -> int:
        """When a worker of this host last looked for jobs and found none. Monotonic nanoseconds, 0 for never."""
        return int(self._view[-2])

    @polled_ns.setter
    def polled_ns(self, now_ns: int) -> None:
        self._view[-2] = now_ns

    @property
    def emptied_ns(self) -> int:
        """When the steward of a fleet that serves until its queues are empty saw that they were, with nothing of theirs
        under way. Monotonic nanoseconds, 0 for not yet.
        """
        return int(self._view[-3])

    @emptied_ns.setter
    def emptied_ns(self, now_ns: int) -> None:
        self._view[-3] = now_ns

    @property
    def pauses_version(self) -> int:
        """Another number whenever the steward has seen that other queues or job types are paused: who reads this first,
        and then what is paused, knows when to read it again.
        """
        return int(self._view[-4])

    @pauses_version.setter
    def pauses_version(self, version: int) -> None:
        self._view[-4] = version

    @property
    def pauses_seen_ns(self) -> int:
        """When the steward last knew what is paused. Monotonic nanoseconds, 0 for never."""
        return int(self._view[-5])

    @pauses_seen_ns.setter
    def pauses_seen_ns(self, now_ns: int) -> None:
        self._view[-5] = now_ns

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots)

    def close(self) -> None:
        """Unmap the memory and close the pipes in this process. No slot may be used afterwards."""
        self.bell.close()
        self.idle_bell.close()
        for slot in self._slots:
            slot.close()
        self.suspect_types.close()
        self._view.release()
        self._memory.close()


def _open_pipes(count: int) -> list[WakePipe]:
    pipes: list[WakePipe] = []
    try:
        for _ in range(count):
            pipes.append(WakePipe())  # noqa: PERF401 - those already open must be known when one fails
    except OSError as error:
        _close_pipes(pipes)
        raise ScoreboardError(
            f"no room for {count} wake pipes: {error}",
            hint="start fewer processes, or allow more open files (ulimit -n)",
        ) from error
    return pipes


def _close_pipes(pipes: list[WakePipe]) -> None:
    for pipe in pipes:
        pipe.close()
