"""A fleet that serves until nothing is left to do drains once, and only while it serves."""

from __future__ import annotations

import logging
from contextlib import closing

import pytest

from pooljobs.scoreboard import Scoreboard
from pooljobs_supervisor.emptied import Emptied
from pooljobs_supervisor.fleet.children import Children
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog


def test_it_drains_once_it_is_said_that_nothing_is_left(caplog: pytest.LogCaptureFixture) -> None:
    lifecycle = Lifecycle(30.0)
    with closing(Scoreboard.create(2, 1)) as board, caplog.at_level(logging.INFO):
        watcher = Emptied(
            FleetState(board, Children(1, 2), lifecycle), SupervisorLog(logging.getLogger("test"), 1, lambda _: 0)
        )
        watcher.check(1.0)
        assert lifecycle.stage is LifecycleStage.SERVE
        board.emptied_ns = 1
        for now in (2.0, 3.0):
            watcher.check(now)
            assert (lifecycle.stage, lifecycle.since) == (LifecycleStage.DRAIN, 2.0), (
                "an end that has begun goes on as it is"
            )
    assert len(caplog.messages) == 1
