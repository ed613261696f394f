"""One child's place on the scoreboard: who it is, what it is asked for, what it holds.

Each word has one writer at a time: the supervisor makes and buries a slot, the child writes while it lives, the
steward frees it after a death. ``wanted`` has two writers and only ever rises. So have ``requests``: the steward asks
there for a cancellation, and so does the worker of a job whose claim the database forgot; the worker, which otherwise
writes only over what it was asked, says that it was delivered.
A worker's hot loop may store into ``states`` directly (``slot.states[entry] = EntryState.DONE``): that is all ``mark``
does.
"""

from __future__ import annotations

from struct import Struct
from time import monotonic_ns

from pooljobs.scoreboard.held import HeldJob
from pooljobs.scoreboard.layout import BACKENDS, HEADER_WORDS, IDENTITY_WORDS, STACK_WORDS, At, Layout
from pooljobs.scoreboard.states import Activity, EntryState, Role, SlotState, Wanted
from pooljobs.scoreboard.wake import WORK, WakePipe
from pooljobs.scoreboard.words import EnumWord, Word, Words

_IDENTITY = Struct("@q16sq")  # token, id, fence; native, so that each number is one aligned store
_read_token = Struct("@q").unpack_from
_write_identity = _IDENTITY.pack_into
_FREE = int(EntryState.FREE)
_CLAIMED = int(EntryState.CLAIMED)
_RUNNING = int(EntryState.RUNNING)
_ENTRY_STATES = {state.value: state for state in EntryState}


class Slot:
    """A view of one slot; every attribute reads or writes shared memory at once. Made by ``Scoreboard`` only."""

    __slots__ = (
        "_identities",
        "_pipe",
        "_stack",
        "_started",
        "backends",
        "hard",
        "index",
        "requests",
        "soft",
        "states",
        "wake_fd",
        "words",
    )

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
    renewed_ns = Word(At.RENEWED_NS)
    """Monotonic nanoseconds of the last renewal of the lease; 0 for none."""
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
    """Monotonic nanoseconds since when the system measures that height; 0 for since the child's birth."""
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

    def __init__(self, index: int, words: Words, layout: Layout, pipe: WakePipe) -> None:
        self.index = index
        self.words = words
        self.backends = words[At.BACKENDS : At.BACKENDS + BACKENDS]
        self.states = words[layout.states : layout.states + layout.entries]
        self._started = words[layout.started : layout.started + layout.entries]
        self.soft = words[layout.soft : layout.soft + layout.entries]
        self.hard = words[layout.hard : layout.hard + layout.entries]
        self.requests = words[layout.requests : layout.requests + layout.entries]
        self._stack = words[layout.stack : layout.stack + STACK_WORDS].cast("B")
        self._identities = words[layout.identities : layout.identities + IDENTITY_WORDS * layout.entries].cast("B")
        self._pipe = pipe
        self.wake_fd = pipe.read_fd

    def hold(self, entry: int, job_id: bytes, fence: int, token: int) -> None:
        """Enter a claimed job, by its UUID's 16 bytes, into a FREE entry; the state goes last.

        A reader never takes half an entry: while the state is FREE the rest does not count.

        Raises:
            struct.error: The slot has no such entry, or a number is beyond signed 64 bits.
        """
        _write_identity(self._identities, entry * _IDENTITY.size, token, job_id, fence)
        self.states[entry] = _CLAIMED

    def mark(self, entry: int, state: EntryState) -> None:
        """Move an entry on: one store (``RUNNING`` notes the time first; ``start`` takes it from the caller)."""
        if state == _RUNNING:
            self._started[entry] = monotonic_ns()
        self.states[entry] = state

    def start(self, entry: int, now_ns: int) -> None:
        """Note when the handler is entered, then mark the entry RUNNING."""
        self._started[entry] = now_ns
        self.states[entry] = _RUNNING

    def latest_start(self) -> int:
        """When a handler was last entered, of those whose entries were not used again; 0 for never."""
        return max(self._started)

    def free(self, entry: int) -> None:
        """Forget a job that was settled or given back."""
        self.states[entry] = _FREE

    def limit(self, entry: int, soft_ns: int, hard_ns: int) -> None:
        """Note when the limits of a job pass, 0 for none: of RUNNING jobs that have limits, and only of those.

        Zeroed when such a job ends, so that none without limits is taken for one that has some.
        """
        self.soft[entry] = soft_ns
        self.hard[entry] = hard_ns

    def ask_cancel(self, entry: int, token: int) -> bool:
        """Ask for the cancellation of the job that was claimed into this entry with this token.

        What is asked is the token itself, which no later job of the entry has. Asking again does nothing. The
        supervisor looks at it on its next tick: ring the board's bell.

        Returns:
            Whether the entry still holds that job; if not, nothing was asked.
        """
        (held,) = _read_token(self._identities, entry * _IDENTITY.size)
        if held != token or self.states[entry] == _FREE:
            return False
        if self.requests[entry] not in (token, ~token):
            self.requests[entry] = token
        return True

    def cancel_asked(self, entry: int, token: int) -> bool:
        """Whether this job is to be cancelled, and its handler was not told so yet."""
        return self.requests[entry] == token != 0

    def cancel_delivered(self, entry: int, token: int) -> None:
        """Note that the handler was told; by the worker, of a job of which ``cancel_asked`` is true."""
        self.requests[entry] = ~token

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

    def held(self) -> list[HeldJob]:
        """All occupied entries. Exact for a dead child; of a live one each job read is a true one."""
        occupied = [entry for entry, state in enumerate(self.states.tolist()) if state != _FREE]
        return [job for entry in occupied if (job := self._read(entry)) is not None]

    def running(self) -> list[HeldJob]:
        """The entries whose handlers run, as ``held`` reads them."""
        running = [entry for entry, state in enumerate(self.states.tolist()) if state == _RUNNING]
        found = [job for entry in running if (job := self._read(entry)) is not None]
        return [job for job in found if job.state is EntryState.RUNNING]

    def _read(self, entry: int) -> HeldJob | None:
        """Read one entry, or None when it was freed or filled anew meanwhile: no claim's token comes twice.

        The token is read before the state, so that a state other than FREE vouches for the words of that token, and
        once more at the end, after the state. Where a processor lets stores overtake each other (ARM), a live entry
        could in theory still be a mix; no job in the database matches one.
        """
        at = entry * _IDENTITY.size
        (first_token,) = _read_token(self._identities, at)
        number = self.states[entry]
        token, job_id, fence = _IDENTITY.unpack_from(self._identities, at)
        started_ns = self._started[entry] if number != _CLAIMED else 0
        soft_ns, hard_ns, request = self.soft[entry], self.hard[entry], self.requests[entry]
        freed = number == _FREE or self.states[entry] == _FREE
        if freed or not first_token == token == _read_token(self._identities, at)[0]:
            return None
        state = _ENTRY_STATES.get(number, EntryState.RUNNING)
        asked = request != 0 and request in (token, ~token)
        delivered = asked and request != token
        return HeldJob(entry, job_id, fence, token, state, started_ns, soft_ns, hard_ns, asked, delivered)

    def wake(self, why: bytes = WORK) -> None:
        """Wake the child of this slot; never blocks."""
        self._pipe.wake(why)

    def drain_wakes(self) -> bool:
        """Take all wakes that wait; whether any spoke of work. Called by the child before it looks for some."""
        return self._pipe.drain()

    def clear(self) -> None:
        """Make the slot FREE: entries and header to zero, its pipe emptied; the state goes last."""
        entries = (self.states, self._started, self.soft, self.hard, self.requests, self._identities)
        for view in (*entries, self.words[At.STATE + 1 : HEADER_WORDS]):
            view.cast("B")[:] = bytes(view.nbytes)
        self.drain_wakes()
        self.state = SlotState.FREE

    def close(self) -> None:
        """Let go of memory and pipe in this process; called by ``Scoreboard.close``."""
        self._pipe.close()
        entries = (self.states, self._started, self.soft, self.hard, self.requests, self._identities)
        for view in (*entries, self._stack, self.backends, self.words):
            view.release()
