"""Whose lease the steward renews: never blindly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from pooljobs.process.liveness import stopped
from pooljobs.scoreboard import Activity, EntryState, Role, Scoreboard, Slot, SlotState
from pooljobs_steward.leases import deserves, due
from tests.support.waiting import wait_until

TIMEOUT = 30_000_000_000
NOW = 1_000 * TIMEOUT


@pytest.fixture
def slot() -> Iterator[Slot]:
    """A worker that idles, has a fresh heartbeat, and whose lease is nearly over."""
    board = Scoreboard.create(1, 4)
    slot = board.slot(0)
    slot.state, slot.role, slot.pid, slot.worker_id = SlotState.READY, Role.WORKER, os.getpid(), 1
    slot.activity, slot.heartbeat_ns, slot.leased_until_ns = Activity.IDLE, NOW, NOW + 1
    yield slot
    board.close()


def in_a_handler(slot: Slot) -> None:
    slot.hold(0, bytes(16), 1, 1)
    slot.mark(0, EntryState.RUNNING)


def test_an_idle_worker_is_renewed_when_a_third_of_its_lease_has_passed(slot: Slot) -> None:
    assert due([slot], NOW, TIMEOUT)
    slot.leased_until_ns = NOW + TIMEOUT
    assert not due([slot], NOW, TIMEOUT)
    assert due([slot], NOW + TIMEOUT // 3 + 1, TIMEOUT)


@pytest.mark.hazard(
    "The steward renews a worker that hangs outside a handler, or that has something to store and no database",
    closed="`supervisor/pooljobs_steward/leases.py`",
    area="ownership",
)
def test_one_that_hangs_outside_a_handler_is_not(slot: Slot) -> None:
    slot.heartbeat_ns = NOW - TIMEOUT // 2 - 1
    assert not due([slot], NOW, TIMEOUT)
    slot.hold(0, bytes(16), 1, 1)
    assert not due([slot], NOW, TIMEOUT), "a claimed job that nobody runs is no handler"
    slot.mark(0, EntryState.DONE)
    assert not due([slot], NOW, TIMEOUT), "nor is one that has ended"


def test_one_in_a_handler_is_however_old_its_heartbeat(slot: Slot) -> None:
    slot.heartbeat_ns = 1
    in_a_handler(slot)
    assert due([slot], NOW, TIMEOUT)


@pytest.mark.hazard("The steward renews a worker that hangs outside a handler")
def test_one_that_has_something_to_store_and_no_database_is_not(slot: Slot) -> None:
    slot.activity = Activity.WAITING_FOR_DATABASE
    slot.hold(0, bytes(16), 1, 1)
    slot.mark(0, EntryState.DONE)
    assert not due([slot], NOW, TIMEOUT)


def test_one_whose_flusher_waits_for_the_database_is_while_its_handler_runs(slot: Slot) -> None:
    slot.activity = Activity.WAITING_FOR_DATABASE
    in_a_handler(slot)
    assert deserves(slot, NOW, TIMEOUT)
    slot.mark(0, EntryState.DONE)
    assert not deserves(slot, NOW, TIMEOUT)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who is stopped")
def test_one_that_is_stopped_is_not_even_in_a_handler(slot: Slot) -> None:
    in_a_handler(slot)
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            slot.pid = process.pid
            assert due([slot], NOW, TIMEOUT)
            process.send_signal(signal.SIGSTOP)
            wait_until(lambda: stopped(process.pid), what="the stop")
            assert not due([slot], NOW, TIMEOUT)
        finally:
            process.kill()


def test_only_workers_that_have_registered_and_live_are(slot: Slot) -> None:
    for state in (SlotState.BOOTING, SlotState.DEAD, SlotState.FREE):
        slot.state = state
        assert not due([slot], NOW, TIMEOUT)
    slot.state, slot.worker_id = SlotState.READY, 0
    assert not due([slot], NOW, TIMEOUT)
    slot.worker_id, slot.role = 1, Role.STEWARD
    assert not due([slot], NOW, TIMEOUT)


def test_all_that_deserve_it_are_renewed_together_as_soon_as_one_is_due() -> None:
    with closing(Scoreboard.create(3, 4)) as board:
        for slot, left in zip(board, (1, TIMEOUT, 1), strict=True):
            slot.state, slot.role, slot.pid, slot.worker_id = SlotState.READY, Role.WORKER, os.getpid(), 1
            slot.activity, slot.heartbeat_ns, slot.leased_until_ns = Activity.IDLE, NOW, NOW + left
        first, fresh, hung = board
        hung.heartbeat_ns = 0
        assert due(board, NOW, TIMEOUT) == [first, fresh]
        first.leased_until_ns = NOW + TIMEOUT
        assert not due(board, NOW, TIMEOUT), "a hung one must not have the others renewed at every look"
        assert due(board, NOW, TIMEOUT, everybody=True) == [first, fresh]
