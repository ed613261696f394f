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
        state: CLAIMED, RUNNING, DONE or FAILED.
        started_ns: Monotonic nanoseconds when the handler was entered; 0 while only CLAIMED.
    """

    entry: int
    job_id: bytes
    fence: int
    token: int
    state: EntryState
    started_ns: int
