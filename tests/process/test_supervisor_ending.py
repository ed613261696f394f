"""One, two and three requests to stop, the time limit, and the order in which everybody leaves."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.process.fleet import Fleet, lives
from tests.support.waiting import wait_until


@pytest.mark.hazard("A slot is used again before its dead worker's jobs were released")
@pytest.mark.hazard(
    "The end comes in the wrong order: the database goes before the last release; a kill by the operator is "
    "charged as a crash",
    closed="workers, then the steward's last release, then the embedded server, which has a session of its own "
    "(`supervisor/pooljobs_supervisor/fleet/lifecycle.py`)",
    area="processes",
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_drains_and_the_steward_leaves_last(tmp_path: Path, number: signal.Signals) -> None:
    with Fleet(tmp_path, procs=3) as fleet:
        fleet.wait_until_serving(3)
        fleet.signal(number)
        assert fleet.exit_code() == 0
        leaving = fleet.events("leaving")
        result = fleet.result()
        assert f"{number.name}: draining; 3 workers" in fleet.log
    assert [event["who"] for event in leaving][-1] == "steward"
    assert [event["wanted"] for event in leaving] == [1, 1, 1, 1]
    assert (result["code"], result["left"]) == ("OK", {})
    assert not any(lives(event["pid"]) for event in leaving)


@pytest.mark.hazard(
    "A hangup means a closed terminal, or a reload",
    closed="whether there was a terminal at the start decides (`supervisor/pooljobs_supervisor/signal_actions.py`)",
    area="processes",
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere opening a terminal does not make it the controlling one")
def test_a_hangup_asks_for_an_end_only_when_the_terminal_that_was_there_is_gone(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with Fleet(tmp_path, terminal=os.ttyname(theirs)) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGHUP)
        wait_until(lambda: "reloaded: 2 workers" in fleet.log, what="the reload's end")
        assert "draining" not in fleet.log
        os.close(theirs)
        os.close(ours)
        assert fleet.exit_code() == 0
        assert "SIGHUP: draining" in fleet.log


@pytest.mark.hazard(
    "Ctrl-C and systemd's TERM reach children too, and count as a second request",
    closed="what is wanted is a word on the scoreboard that only rises; each child has a session of its own "
    "(`supervisor/pooljobs_supervisor/forking/spawn.py`)",
    area="processes",
)
def test_ctrl_c_reaches_the_supervisor_alone_and_counts_once(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=2) as fleet:
        fleet.wait_until_serving()
        os.killpg(fleet.process.pid, signal.SIGINT)
        fleet.wait_for("asked", 2, wanted=1)
        assert fleet.events("asked", wanted=2) == []
        os.killpg(fleet.process.pid, signal.SIGINT)
        assert fleet.exit_code() == 0
        assert len(fleet.events("leaving", wanted=2)) == 2


@pytest.mark.hazard("Ctrl-C and systemd's TERM reach children too, and count as a second request")
def test_a_signal_to_the_worker_besides_is_no_second_request(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=2) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTERM)
        fleet.wait_for("asked", 2, wanted=1)
        for event in fleet.events("ready"):
            os.kill(event["pid"], signal.SIGTERM)
        fleet.wait_for("woken", who="steward")
        assert fleet.events("asked", wanted=2) == []
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0


def test_a_second_signal_asks_to_release(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=2, holds=True) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTERM)
        fleet.wait_for("asked", 2, wanted=1)
        assert fleet.events("leaving") == []
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert [event["wanted"] for event in fleet.events("leaving")] == [2, 2, 1]


def test_a_third_signal_kills_the_workers_and_what_they_started(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=9, holds=True, forks="subprocess") as fleet:
        fleet.wait_until_serving()
        workers = [event for event in fleet.events("ready") if event["who"] != "steward"]
        assert all(lives(event["started"]) for event in workers)
        for wanted in (1, 2):
            fleet.signal(signal.SIGTERM)
            fleet.wait_for("asked", 2, wanted=wanted)
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 12
        freed = fleet.events("freed")
        assert {event["of"] for event in freed} == {event["pid"] for event in workers}
        assert all((event["killed"], event["status"], event["held"]) == (1, -9, 3) for event in freed)
        assert fleet.events()[-1]["who"] == "steward"
        assert fleet.events()[-1]["event"] == "leaving"
        wait_until(lambda: not any(lives(event["started"]) for event in workers), what="the subprocesses' end")
        assert fleet.result()["left"] == {}


def test_a_drain_past_its_limit_is_forced(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=9, holds=True, shutdown_timeout=0.3) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 12
        assert fleet.result()["code"] == "DRAIN_TIMED_OUT"
        assert [event["killed"] for event in fleet.events("freed")] == [1, 1]
        assert "2 workers left 0.3 s after the first request" in fleet.log


def test_a_signal_during_the_boot_is_not_lost(tmp_path: Path) -> None:
    with Fleet(tmp_path, gate=True) as fleet:
        fleet.wait_for("booting", who="worker 1")
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert fleet.events("booting", who="worker 2") == []


def test_a_steward_that_does_not_leave_is_killed(tmp_path: Path) -> None:
    with Fleet(tmp_path, procs=1, steward_stays=True, patience=0.2) as fleet:
        fleet.wait_until_serving(1)
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert "the steward does not leave: killing it" in fleet.log
        assert "killed by SIGKILL by the supervisor" in fleet.log


def test_quit_kills_at_once_and_the_steward_releases(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=9, holds=True) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGQUIT)
        assert fleet.exit_code() == 12
        assert "SIGQUIT: killing 2 workers; their jobs go back to the queues" in fleet.log
        assert [(event["killed"], event["status"], event["held"]) for event in fleet.events("freed")] == [
            (1, -9, 3)
        ] * 2
        assert fleet.events("asked") == []
        assert fleet.events()[-1]["who"] == "steward"
    assert fleet.result()["left"] == {}


def test_quit_in_a_drain_does_not_wait_for_its_end(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=9) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTERM)
        fleet.wait_for("asked", 2, wanted=1)
        fleet.signal(signal.SIGQUIT)
        assert fleet.exit_code() == 12
        assert fleet.events("asked", wanted=2) == []


def test_a_long_end_is_told_in_the_log(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=9, holds=True, told=0.2) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTERM)
        wait_until(lambda: fleet.log.count("waiting for 2 workers, 6 jobs; worker ") >= 2, what="two lines")
        assert "runs 00000000-0000-0000-0000-000000000000 for" in fleet.log
        assert "60 s left" in fleet.log
        assert "\x1b" not in fleet.log
        fleet.signal(signal.SIGQUIT)
        assert fleet.exit_code() == 12
