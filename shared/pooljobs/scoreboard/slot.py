"""One child's place on the scoreboard: who it is, what it is asked for, what it holds (``entries.py``).

Each word has one writer at a time: the supervisor makes and frees a slot, the child writes while it lives, the
steward frees it after a death. ``wanted`` has two writers and only ever rises.
"""

from __future__ import annotations

from collections.abc import Sequence

from pooljobs.scoreboard.entries import Entries
from pooljobs.scoreboard.layout import BACKENDS, HEADER_WORDS, NAMES_WORDS, STACK_WORDS, At, Layout
from pooljobs.scoreboard.states import Activity, Role, SlotState, Wanted
from pooljobs.scoreboard.wake import WORK, WakePipe
from pooljobs.scoreboard.words import EnumWord, Word, Words

_BETWEEN = "\0"
"""Between two names: none holds it, PostgreSQL would not store it."""


class Slot(Entries):
    """A view of one slot; every attribute reads or writes shared memory at once. Made by ``Scoreboard`` only."""

    __slots__ = ("_names", "_pipe", "_stack", "backends", "index", "wake_fd", "words")

    state = EnumWord(At.STATE, unknown=SlotState.BOOTING)
    role = EnumWord(At.ROLE, unknown=Role.WORKER)
    pid = Word(At.PID)
    ordinal = Word(At.ORDINAL)
    """The human number, 1 to N, of the worker whose place it fills; a replacement keeps it. 0 for the steward."""
    worker_id = Word(At.WORKER_ID)
    """The worker's id in the database; 0 before it has registered."""
    wanted = EnumWord(At.WANTED, unknown=Wanted.DRAIN)
    activity = EnumWord(At.ACTIVITY, unknown=Activity.NONE)
    heartbeat_ns = Word(At.HEARTBEAT_NS)
    leased_until_ns = Word(At.LEASED_UNTIL_NS)
    """Monotonic nanoseconds; 0 for none."""
    turn_since_ns = Word(At.TURN_SINCE_NS)
    """Monotonic nanoseconds since which a worker waits for its turn to claim; 0 while it does not."""
    exit_status = Word(At.EXIT_STATUS)
    """Exit code, or minus the signal's number; meaningful once DEAD."""
    killed = Word(At.KILLED)
    """Not 0: no job is charged a crash for its death; ``Killed`` has the reasons."""
    killed_ns = Word(At.KILLED_NS)
    """When it was killed for jobs that were past their limits: those are charged; 0 when it was not."""
    cpu_us = Word(At.CPU_US)
    """Microseconds of processor time that a DEAD child used; 0 when unknown."""
    peak_memory = Word(At.PEAK_MEMORY)
    """Bytes that a DEAD child had resident at its height; 0 when unknown."""
    peak_since_ns = Word(At.PEAK_SINCE_NS)
    """Monotonic nanoseconds since when the system measures that height; 0 for since the child's start."""
    peak_floor = Word(At.PEAK_FLOOR)
    """Bytes below which that height cannot be told: what subprocesses reached before."""
    died_ns = Word(At.DIED_NS)
    """Monotonic nanoseconds when a DEAD child was found to be so."""
    out_of_memory = Word(At.OUT_OF_MEMORY)
    """1: the kernel killed for lack of memory in our control group when this child died; probably it was this one."""
    claimed = Word(At.CLAIMED)
    completed = Word(At.COMPLETED)
    failed = Word(At.FAILED)
    retried = Word(At.RETRIED)
    released = Word(At.RELEASED)
    lost = Word(At.LOST)
    shortest_limit_ns = Word(At.SHORTEST_LIMIT_NS)
    """The shortest time limit of all that this worker's handlers have; 0 for none."""
    claiming = Word(At.CLAIMING)
    """The token of the newest claim, written before the statement is sent: what it takes may not be entered yet. All
    that earlier claims took is entered, or was settled. 0 before the first."""
    birth = Word(At.BIRTH)
    """When the process began, as ``/proc`` tells it, in ticks: its pid may come to another. 0: unknown."""
    idle_since_ns = Word(At.IDLE_SINCE_NS)
    """Monotonic nanoseconds since which a worker has room and sleeps for want of work; 0 while it does not."""
    suspect_since_ns = Word(At.SUSPECT_SINCE_NS)
    """Monotonic nanoseconds since which a worker has run a suspect; 0 while it does not. Stays after its death."""
    listens = Word(At.LISTENS)
    """1 while the steward of this slot hears of jobs, and wakes idle workers for them."""
    code = Word(At.CODE)
    """Stands for all that the worker's code declares, as in its row; 0 before that is published."""
    foreign_types = Word(At.FOREIGN_TYPES)
    """1 once the worker has met a job of a type that its code does not know."""
    unknown_flags = Word(At.UNKNOWN_FLAGS)
    """The bits of jobs' flags that the worker does not know, once it has met one of them; 0 before."""

    def __init__(self, index: int, words: Words, *, layout: Layout, pipe: WakePipe) -> None:
        super().__init__(words, layout)
        self.index = index
        self.words = words
        self.backends = words[At.BACKENDS : At.BACKENDS + BACKENDS]
        self._stack = words[layout.stack : layout.stack + STACK_WORDS].cast("B")
        self._names = words[layout.names : layout.names + NAMES_WORDS].cast("B")
        self._pipe = pipe
        self.wake_fd = pipe.read_fd

    @property
    def stack(self) -> bytes:
        """Where a child that was killed at a limit was just before; empty when that is not known."""
        size = min(max(self.words[At.STACK_SIZE], 0), len(self._stack))
        return bytes(self._stack[:size])

    @stack.setter
    def stack(self, text: bytes) -> None:
        kept = text[: len(self._stack)]
        self._stack[: len(kept)] = kept
        self.words[At.STACK_SIZE] = len(kept)

    @property
    def job_types(self) -> list[str]:
        """The names of the types that the worker's code knows, as many as there is room for."""
        size = min(max(self.words[At.NAMES_SIZE], 0), len(self._names))
        return bytes(self._names[:size]).decode(errors="replace").split(_BETWEEN) if size else []

    @job_types.setter
    def job_types(self, names: Sequence[str]) -> None:
        kept = _BETWEEN.join(names).encode(errors="replace")
        if len(kept) > len(self._names):
            kept = kept[: len(self._names)].rpartition(_BETWEEN.encode())[0]
        self._names[: len(kept)] = kept
        self.words[At.NAMES_SIZE] = len(kept)

    def wake(self, why: bytes = WORK) -> None:
        """Wake the child of this slot; never blocks."""
        self._pipe.wake(why)

    def drain_wakes(self) -> bool:
        """Take all wakes that wait; whether any spoke of work. Called by the child before it looks for some."""
        return self._pipe.drain()

    def clear(self) -> None:
        """Make the slot FREE: entries and header to zero, its pipe emptied; the state goes last."""
        for view in (*self.columns, self.words[At.STATE + 1 : HEADER_WORDS]):
            view.cast("B")[:] = bytes(view.nbytes)
        self.drain_wakes()
        self.state = SlotState.FREE

    def close(self) -> None:
        """Let go of memory and pipe in this process; called by ``Scoreboard.close``."""
        self._pipe.close()
        for view in (*self.columns, self._stack, self._names, self.backends, self.words):
            view.release()
