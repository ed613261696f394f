"""A steward whose supervisor is gone: whom it waits for, whom it kills, and when it leaves."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator

import pytest

from pooljobs.process.liveness import birth, lives
from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState
from pooljobs_steward.recovery import orphaned_workers
from pooljobs_steward.recovery.orphaned_workers import OrphanedWorkers
from tests.support.waiting import wait_until

LOG = logging.getLogger("pooljobs.steward")


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    made = Scoreboard.create(3, 4)
    made.slot(0).state, made.slot(0).role = SlotState.READY, Role.STEWARD
    yield made
    made.close()


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a session, as workers do."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


def seated(board: Scoreboard, pid: int, born: int) -> Slot:
    slot = board.slot(1)
    slot.state, slot.role, slot.pid, slot.birth, slot.worker_id = SlotState.READY, Role.WORKER, pid, born, 7
    return slot


def test_a_worker_has_its_time_and_no_more(board: Scoreboard, worker: subprocess.Popen[bytes]) -> None:
    slot = seated(board, worker.pid, birth(worker.pid))
    patient = OrphanedWorkers(board, 600.0, LOG)
    assert not patient.may_be_left()
    assert worker.poll() is None
    assert slot.state is SlotState.READY
    assert not OrphanedWorkers(board, 0.0, LOG).may_be_left()
    assert worker.wait(30) == -9
    assert not patient.may_be_left(), "its jobs are not released yet"
    assert (slot.state, slot.killed) == (SlotState.DEAD, 1)
    slot.clear()
    assert patient.may_be_left()


def test_a_pid_that_means_another_process_by_now_is_neither_awaited_nor_killed(
    board: Scoreboard, worker: subprocess.Popen[bytes]
) -> None:
    slot = seated(board, worker.pid, birth(worker.pid) + 1)
    OrphanedWorkers(board, 0.0, LOG).may_be_left()
    assert slot.state is SlotState.DEAD
    assert worker.poll() is None


def test_a_fork_that_never_came_about_is_not_awaited(board: Scoreboard) -> None:
    slot = seated(board, 0, 0)
    slot.state = SlotState.BOOTING
    assert not OrphanedWorkers(board, 600.0, LOG).may_be_left()
    assert slot.state is SlotState.DEAD


def test_a_release_that_never_succeeds_is_given_up_and_told(
    board: Scoreboard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slot = seated(board, 0, 0)
    slot.hold(0, bytes(16), 1, 1)
    left = OrphanedWorkers(board, 600.0, LOG)
    assert not left.may_be_left()
    monkeypatch.setattr(orphaned_workers, "LAST_WAIT", 0.0)
    with caplog.at_level(logging.WARNING):
        assert left.may_be_left()
    assert "leaving with 1 jobs unreleased" in caplog.text


def test_the_group_goes_with_its_leader(board: Scoreboard) -> None:
    script = "sleep 600 & echo $!; wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as leader:
        assert leader.stdout is not None
        started = int(leader.stdout.readline())
        seated(board, leader.pid, birth(leader.pid))
        OrphanedWorkers(board, 0.0, LOG).may_be_left()
        leader.wait(30)
        wait_until(lambda: not lives(started), what="what the job had started to end")
    assert os.getpid() != leader.pid
