"""Signals that ask for something else than an end: more workers, fewer, the scoreboard."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.process.fleet import TOO_LONG, Fleet
from tests.support.waiting import wait_until


def test_the_fleet_grows_and_shrinks_by_one_within_its_bounds(tmp_path: Path) -> None:
    with Fleet(tmp_path, procs=1) as fleet:
        fleet.wait_until_serving(1)
        fleet.signal(signal.SIGTTIN)
        (second,) = fleet.wait_for("ready", who="worker 2")
        fleet.signal(signal.SIGTTIN)
        wait_until(lambda: "SIGTTIN refused" in fleet.log, timeout=TOO_LONG, what="a refusal")
        fleet.signal(signal.SIGTTOU)
        (left,) = fleet.wait_for("leaving", who="worker 2")
        assert (left["pid"], left["wanted"]) == (second["pid"], 1)
        fleet.signal(signal.SIGTTOU)
        wait_until(lambda: "SIGTTOU refused" in fleet.log, timeout=TOO_LONG, what="a refusal")
        assert "2 workers from now on; up to 12 connections, 3 more than were checked at the start" in fleet.log
        assert len(fleet.events("leaving")) == 1
        fleet.signal(signal.SIGTTIN)
        fleet.wait_for("ready", 2, who="worker 2")
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
    assert fleet.result()["left"] == {}


def test_the_scoreboard_is_told_in_the_log(tmp_path: Path) -> None:
    with Fleet(tmp_path, holds=True) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGUSR1)
        wait_until(lambda: "steward    pid" in fleet.log, timeout=TOO_LONG, what="the last line of the scoreboard")
        (worker,) = fleet.events("ready", who="worker 2")
        assert "2 of 2 workers; 10 slots, 7 free, 0 dead" in fleet.log
        assert f"worker 2   pid {worker['pid']}" in fleet.log
        assert "holds 3, runs 1; claimed 0," in fleet.log
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0


def test_children_take_no_notice_of_them(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        fleet.wait_until_serving()
        for event in fleet.events("ready"):
            for number in (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1):
                os.kill(event["pid"], number)
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert len(fleet.events("booting")) == 3
        assert {event["wanted"] for event in fleet.events("leaving")} == {1}
        assert "killed by" not in fleet.log
