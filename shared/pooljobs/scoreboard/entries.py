"""The jobs on one worker's place on the scoreboard: an entry for each that it holds, a word in each column.

A worker's hot loop may store into ``states`` directly (``slot.states[entry] = EntryState.DONE``): that is all ``mark``
does. ``requests`` has two writers: the steward asks there for a cancellation, and so does the worker of a job whose
claim the database forgot; the worker, which otherwise writes only over what it was asked, says that it was delivered.
"""

from __future__ import annotations

from struct import Struct
from time import monotonic_ns

from pooljobs.scoreboard.held_job import HeldJob
from pooljobs.scoreboard.layout import IDENTITY_WORDS, Layout
from pooljobs.scoreboard.states import EntryState
from pooljobs.scoreboard.words import Words

_IDENTITY = Struct("@q16sqq")  # token, id, fence, type; native, so that each number is one aligned store
_read_token = Struct("@q").unpack_from
_write_identity = _IDENTITY.pack_into
_FREE = int(EntryState.FREE)
_CLAIMED = int(EntryState.CLAIMED)
_RUNNING = int(EntryState.RUNNING)
_GIVEN_BACK = int(EntryState.GIVEN_BACK)
_OPEN = (_CLAIMED, _RUNNING)
_ENTRY_STATES = {state.value: state for state in EntryState}


class Entries:
    """A view of a slot's entries, by their numbers; every access is to shared memory at once."""

    __slots__ = ("_identities", "_started", "hard", "requests", "soft", "states")

    def __init__(self, words: Words, layout: Layout) -> None:
        self.states = words[layout.states : layout.states + layout.entries]
        self._started = words[layout.started : layout.started + layout.entries]
        self.soft = words[layout.soft : layout.soft + layout.entries]
        self.hard = words[layout.hard : layout.hard + layout.entries]
        self.requests = words[layout.requests : layout.requests + layout.entries]
        self._identities = words[layout.identities : layout.identities + IDENTITY_WORDS * layout.entries].cast("B")

    @property
    def columns(self) -> tuple[Words, ...]:
        """All that the entries consist of; the states first."""
        return (self.states, self._started, self.soft, self.hard, self.requests, self._identities)

    def hold(self, entry: int, job_id: bytes, fence: int, token: int, type_number: int = 0) -> None:
        """Enter a claimed job, by its UUID's 16 bytes, into a FREE entry; the state goes last.

        ``type_number``: from 1, where ``Slot.job_types`` has the name of its type; 0 for nowhere.

        A reader never takes half an entry: while the state is FREE the rest does not count.

        Raises:
            struct.error: The slot has no such entry, or a number is beyond signed 64 bits.
        """
        _write_identity(self._identities, entry * _IDENTITY.size, token, job_id, fence, type_number)
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
            Whether the entry still held that job, neither ended nor given back, after it was asked; if not, the
            worker may not have seen it.
        """
        (held,) = _read_token(self._identities, entry * _IDENTITY.size)
        if held != token or self.states[entry] not in _OPEN:
            return False
        if self.requests[entry] not in (token, ~token):
            self.requests[entry] = token
        return self.states[entry] in _OPEN  # read again: who gives a job back says so before he looks for requests

    def give_back(self, entry: int, token: int) -> bool:
        """Mark a job that has not begun and will not; by the worker.

        Returns:
            Whether it may go back to its queue; if not, its cancellation was asked for in time.
        """
        self.states[entry] = _GIVEN_BACK
        return not self.cancel_asked(entry, token)

    def cancel_asked(self, entry: int, token: int) -> bool:
        """Whether this job is to be cancelled, and its handler was not told so yet."""
        return self.requests[entry] == token != 0

    def cancel_delivered(self, entry: int, token: int) -> None:
        """Note that the handler was told; by the worker, of a job of which ``cancel_asked`` is true."""
        self.requests[entry] = ~token

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
        token, job_id, fence, type_number = _IDENTITY.unpack_from(self._identities, at)
        started_ns = self._started[entry] if number not in (_CLAIMED, _GIVEN_BACK) else 0
        soft_ns, hard_ns, request = self.soft[entry], self.hard[entry], self.requests[entry]
        freed = number == _FREE or self.states[entry] == _FREE
        if freed or not first_token == token == _read_token(self._identities, at)[0]:
            return None
        state = _ENTRY_STATES.get(number, EntryState.RUNNING)
        asked = request != 0 and request in (token, ~token)
        delivered = asked and request != token
        return HeldJob(entry, job_id, fence, token, state, started_ns, soft_ns, hard_ns, asked, delivered, type_number)
