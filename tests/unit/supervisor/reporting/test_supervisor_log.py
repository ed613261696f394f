"""The line that programs wait for is recognised, however it is worded."""

from __future__ import annotations

import logging

import pytest

from pooljobs.scoreboard import Role
from pooljobs_supervisor.fleet.children import ChildRecord, Position
from pooljobs_supervisor.reporting.supervisor_log import STORM_PAUSE, SupervisorLog, tells_ready

LOG = logging.getLogger("test")


@pytest.mark.parametrize("procs", [1, 2, 12])
def test_that_all_are_ready_is_told_once_and_recognised(procs: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="test")
    supervisor_log = SupervisorLog(LOG, procs, lambda wanted: wanted)
    supervisor_log.starting(4711, 0.0)
    for number in range(1, procs + 1):
        assert not tells_ready(caplog.text)
        supervisor_log.ready(ChildRecord(Position(Role.WORKER, number), number, slot=number, forked=0.0), number, 0.25)
    assert tells_ready(caplog.text)
    caplog.clear()
    supervisor_log.ready(ChildRecord(Position(Role.WORKER, 1), 99, slot=1, forked=0.0), procs, 60.0)
    assert not tells_ready(caplog.text)


def test_places_that_wait_for_a_fork_are_told_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="test")
    supervisor_log = SupervisorLog(LOG, 2, lambda wanted: wanted)
    supervisor_log.held_back([], 8.0, 0.0)
    assert not caplog.messages
    for tick in range(100):
        supervisor_log.held_back(
            [Position(Role.WORKER, 1), Position(Role.WORKER, 2)] if tick % 2 else [], 8.0, tick / 10
        )
    assert len(caplog.messages) == 1
    assert "worker 1, worker 2: empty" in caplog.text
    assert "about 0.2 s" in caplog.text
    supervisor_log.held_back([Position(Role.WORKER, 2)], 8.0, STORM_PAUSE + 1.0)
    assert len(caplog.messages) == 2
