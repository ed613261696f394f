"""A job that a worker holds, as another process reads it from the scoreboard."""

from __future__ import annotations

from dataclasses import dataclass

from pooljobs.scoreboard.states import EntryState


@dataclass(frozen=True, slots=True)
class HeldJob:
    """One occupied entry.

    Attributes:
        entry: Its place in the slot.
        job_id: The UUID's 16 bytes.
        fence: The claim's fence number.
        token: The claim's token, a signed 64-bit number.
        state: CLAIMED, RUNNING, DONE, FAILED or GIVEN_BACK.
        started_ns: Monotonic nanoseconds when the handler was entered; 0 if it was not.
        soft_ns: When its soft time limit passes; 0 for none, or once it was told of it. Counts while RUNNING.
        hard_ns: When its hard time limit passes; 0 for none. Counts while RUNNING.
        cancel_asked: It is to be cancelled.
        cancel_delivered: Its handler was told so.
        type_number: Where ``Slot.job_types`` has the name of its type, from 1; 0 for nowhere.
    """

    entry: int
    job_id: bytes
    fence: int
    token: int
    state: EntryState
    started_ns: int
    soft_ns: int = 0
    hard_ns: int = 0
    cancel_asked: bool = False
    cancel_delivered: bool = False
    type_number: int = 0

    @property
    def begun(self) -> bool:
        """Whether its handler was entered."""
        return self.state not in (EntryState.CLAIMED, EntryState.GIVEN_BACK)
