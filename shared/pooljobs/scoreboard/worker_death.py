"""How a worker ended, by way of its slot: the supervisor that reaped it writes, the steward reads and decides."""

from __future__ import annotations

import time
from dataclasses import KW_ONLY, dataclass

from pooljobs.exit_codes import ExitCode, describe_exit
from pooljobs.scoreboard.slot import Slot
from pooljobs.scoreboard.states import Killed, SlotState


def record_death(
    slot: Slot,
    exit_status: int,
    *,
    out_of_memory: bool,
    cpu_seconds: float | None = None,
    peak_memory: int | None = None,
) -> None:
    """Leave word of an end for the steward: what ``WorkerDeath.of`` reads, but for what was written before it.

    The kill's reason, time and stack are there already, and the worker itself wrote since when its peak is measured.
    The state goes last: who sees DEAD sees the rest.
    """
    slot.exit_status = exit_status
    slot.out_of_memory = int(out_of_memory)
    slot.died_ns = time.monotonic_ns()
    if cpu_seconds is not None:
        slot.cpu_us = int(cpu_seconds * 1e6)
    if peak_memory is not None:
        slot.peak_memory = peak_memory
    slot.state = SlotState.DEAD


@dataclass(frozen=True, slots=True)
class WorkerDeath:
    """How a worker ended.

    Attributes:
        exit_status: Its exit code, or minus the number of the signal that killed it.
        on_purpose: The supervisor killed it, so no job is to blame but those that were late at ``killed_ns``.
        unseen: It outlived its supervisor, and nobody knows how it ended: no job is charged on a guess.
        cpu_seconds: Processor time of its whole life; 0 when unknown.
        peak_memory: Most bytes it had resident; 0 when unknown.
        peak_seconds: For how long before its death that was measured; 0 for its whole life.
        peak_floor: Bytes that its subprocesses had reached earlier: the measure shows no less than that.
        out_of_memory: The kernel killed for lack of memory around it at that moment.
        killed_ns: When the supervisor decided to kill it for late jobs; 0 if it did not. Monotonic nanoseconds.
        stack: Where its handlers were then, as far as is known.
    """

    who: str
    exit_status: int
    _: KW_ONLY
    on_purpose: bool
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    peak_seconds: float = 0.0
    peak_floor: int = 0
    out_of_memory: bool = False
    unseen: bool = False
    killed_ns: int = 0
    stack: str = ""

    @property
    def how(self) -> str:
        """In words: "killed by SIGSEGV", "exit code 3"."""
        return describe_exit(self.exit_status)

    @property
    def exhausted(self) -> bool:
        """It left since it was out of descriptors, memory or threads."""
        return self.exit_status == ExitCode.EXHAUSTED

    @property
    def circumstances(self) -> list[str]:
        """What is known beside that, in words."""
        used = f"{self.cpu_seconds:.1f} s CPU, {self._peak}" if self.peak_memory else ""
        return [*([used] if used else []), *(["probably out of memory"] if self.out_of_memory else [])]

    @property
    def _peak(self) -> str:
        at_most = "at most " if self.peak_memory <= self.peak_floor else ""
        measured = f" in the last {max(self.peak_seconds, 0.1):.1f} s" if self.peak_seconds else ""
        return f"{at_most}{self.peak_memory / 1e6:.0f} MB peak memory{measured}"

    @classmethod
    def of(cls, slot: Slot) -> WorkerDeath:
        """The death of a DEAD slot's worker."""
        return cls(
            who=f"worker-{slot.ordinal}, pid {slot.pid}",
            exit_status=slot.exit_status,
            on_purpose=slot.killed not in (Killed.NO, Killed.UNSEEN),
            cpu_seconds=slot.cpu_us / 1e6,
            peak_memory=slot.peak_memory,
            peak_seconds=max(0, slot.died_ns - slot.peak_since_ns) / 1e9 if slot.peak_since_ns else 0.0,
            peak_floor=slot.peak_floor,
            out_of_memory=bool(slot.out_of_memory),
            unseen=slot.killed == Killed.UNSEEN,
            killed_ns=slot.killed_ns,
            stack=slot.stack.decode(errors="replace"),
        )
