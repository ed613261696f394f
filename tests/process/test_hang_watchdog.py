"""A child that sits still for good is killed and replaced, and nobody is charged for it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.process.fleet import Fleet
from tests.support.waiting import wait_until

BRIEF = 1.5
"""Seconds that stand for the lease; the others' heartbeats come seven times as often."""


@pytest.mark.hazard("A child that hangs is neither dead nor of use")
@pytest.mark.parametrize("who", ["worker 1", "steward"])
def test_a_hung_child_is_killed_and_replaced(tmp_path: Path, who: str) -> None:
    with Fleet(tmp_path, hangs=who, job_timeout=BRIEF) as fleet:
        first, second = fleet.wait_for("ready", 2, who=who)
        assert first["pid"] != second["pid"]
        assert f"{who} (pid {first['pid']}) hangs outside any handler" in fleet.log
        assert "killed by SIGKILL by the supervisor" in fleet.log
        assert fleet.log.count("hangs outside") == 1, "the others have their heartbeats"
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who is stopped")
def test_a_stopped_child_is_not(tmp_path: Path) -> None:
    with Fleet(tmp_path, hangs="nobody", job_timeout=BRIEF) as fleet:
        fleet.wait_until_serving()
        (worker,) = fleet.wait_for("ready", who="worker 1")
        os.kill(worker["pid"], signal.SIGSTOP)
        long_enough = time.monotonic() + 3 * BRIEF
        wait_until(lambda: time.monotonic() > long_enough, what="time to pass")
        os.kill(worker["pid"], signal.SIGCONT)
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert "hangs outside" not in fleet.log
        assert len(fleet.events("booting")) == 3, "nobody was replaced"
