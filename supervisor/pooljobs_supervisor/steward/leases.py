"""Decides whose lease the steward renews. Pure, but for a look at whether a process is stopped.

Renewing blindly would keep a hung worker's jobs from everybody else. A worker inside a handler is renewed (without a
time limit a handler that never returns is renewed for ever); one that is outside must have shown a heartbeat, and must
not be waiting for a database that we can reach.

A handler counts for more than that wait: with several threads, or with the flusher's, a worker can be in a handler and
wait at the same time. To let its lease go would have the handler's job run a second time for certain; what has ended
and waits to be stored is safe on the scoreboard meanwhile, and bounded by the handler's own time.
"""

from __future__ import annotations

from pooljobs.process.liveness import stopped
from pooljobs.scoreboard import Activity, EntryState, Role, Slot, SlotState

RENEWALS_A_LEASE = 3
"""The lease is renewed when a third of it has passed."""


def due(slot: Slot, now_ns: int, timeout_ns: int) -> bool:
    """Whether this slot's worker has a lease that should be renewed now."""
    if slot.state is not SlotState.READY or slot.role is not Role.WORKER or not slot.worker_id:
        return False
    if slot.leased_until_ns - now_ns > timeout_ns * (RENEWALS_A_LEASE - 1) // RENEWALS_A_LEASE:
        return False
    return deserves(slot, now_ns, timeout_ns) and not stopped(slot.pid)


def deserves(slot: Slot, now_ns: int, timeout_ns: int) -> bool:
    """Whether the worker is in a handler, or has shown a heartbeat within half a lease and has its database."""
    if EntryState.RUNNING in slot.states.tolist():
        return True
    if slot.activity is Activity.WAITING_FOR_DATABASE:
        return False
    return now_ns - slot.heartbeat_ns < timeout_ns // 2
