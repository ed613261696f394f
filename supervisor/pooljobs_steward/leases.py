"""Decides whose lease the steward renews. Pure, but for a look at whether a process is stopped.

Renewing blindly would keep a hung worker's jobs from everybody else. A worker inside a handler is renewed (without a
time limit a handler that never returns is renewed for ever); one that is outside must have shown a heartbeat, and must
not be waiting for a database that we can reach.

A handler counts for more than that wait: with several threads, or with the flusher's, a worker can be in a handler and
wait at the same time. To let its lease go would have the handler's job run a second time for certain; what has ended
and waits to be stored is safe on the scoreboard meanwhile, and bounded by the handler's own time.
"""

from __future__ import annotations

from collections.abc import Iterable

from pooljobs.process.liveness import stopped
from pooljobs.scoreboard import Activity, EntryState, Role, Slot, SlotState

RENEWALS_A_LEASE = 3
"""The lease is renewed when a third of it has passed."""


def due(board: Iterable[Slot], now_ns: int, timeout_ns: int, *, everybody: bool = False) -> list[Slot]:
    """The workers whose leases are to be renewed now, in one statement: none, or all that deserve it.

    It is time when one that deserves it has less than two thirds left, or if ``everybody`` is to be renewed anyway.
    """
    low_ns = now_ns + timeout_ns * (RENEWALS_A_LEASE - 1) // RENEWALS_A_LEASE
    slots = [slot for slot in board if _has_lease(slot)]
    if not everybody and all(slot.leased_until_ns > low_ns for slot in slots):
        return []
    able = [slot for slot in slots if deserves(slot, now_ns, timeout_ns) and not stopped(slot.pid)]
    return able if everybody or any(slot.leased_until_ns <= low_ns for slot in able) else []


def _has_lease(slot: Slot) -> bool:
    return slot.state is SlotState.READY and slot.role is Role.WORKER and slot.worker_id != 0


def deserves(slot: Slot, now_ns: int, timeout_ns: int) -> bool:
    """Whether the worker is in a handler, or has shown a heartbeat within half a lease and has its database."""
    if EntryState.RUNNING in slot.states.tolist():
        return True
    if slot.activity is Activity.WAITING_FOR_DATABASE:
        return False
    return now_ns - slot.heartbeat_ns < timeout_ns // 2
