"""A fleet starts in order, and keeps its number whatever happens to its children."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from tests.process.fleet import Fleet, lives
from tests.support.waiting import wait_until


def test_the_first_worker_boots_alone_beside_the_steward(tmp_path: Path) -> None:
    with Fleet(tmp_path, procs=3, gate=True) as fleet:
        fleet.wait_for("booting", who="worker 1")
        wait_until(lambda: "steward (pid" in fleet.log, what="the supervisor's word that the steward is ready")
        (tmp_path / "gate").touch()
        fleet.wait_until_serving(3)
        (first,) = fleet.events("passed the gate")
        others = [*fleet.events("booting", who="worker 2"), *fleet.events("booting", who="worker 3")]
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
    assert len(others) == 2
    assert all(event["at"] > first["at"] for event in others)


@pytest.mark.parametrize("pidfds", [True, False])
def test_a_killed_worker_is_told_freed_and_replaced_in_another_slot(tmp_path: Path, *, pidfds: bool) -> None:
    with Fleet(tmp_path, holds=True, pidfds=pidfds) as fleet:
        fleet.wait_until_serving()
        (victim,) = fleet.events("ready", who="worker 2")
        os.kill(victim["pid"], signal.SIGKILL)
        (freed,) = fleet.wait_for("freed")
        replacement = fleet.wait_for("ready", 2, who="worker 2")[1]
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert f"worker 2 (pid {victim['pid']}) ended: killed by SIGKILL after" in fleet.log
        assert "holding 3 jobs" in fleet.log
    assert (freed["of"], freed["status"], freed["killed"], freed["held"]) == (victim["pid"], -9, 0, 3)
    assert freed["was"] == victim["slot"] != replacement["slot"]


@pytest.mark.hazard(
    "A job's own child outlives the worker and keeps its death from being seen",
    closed="pidfds (`supervisor/pooljobs_supervisor/forking/exit_watch.py`)",
    area="processes",
)
@pytest.mark.parametrize("pidfds", [True, False])
def test_a_worker_whose_own_child_lives_on_is_seen_dead_all_the_same(tmp_path: Path, *, pidfds: bool) -> None:
    with Fleet(tmp_path, forks="fork", holds=True, pidfds=pidfds) as fleet:
        fleet.wait_until_serving()
        (victim,) = fleet.events("ready", who="worker 1")
        os.kill(victim["pid"], signal.SIGKILL)
        fleet.wait_for("freed", of=victim["pid"])
        fleet.wait_for("ready", 2, who="worker 1")
        assert lives(victim["started"])
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0


def test_a_steward_that_dies_is_replaced(tmp_path: Path) -> None:
    with Fleet(tmp_path, holds=True) as fleet:
        fleet.wait_until_serving()
        (first,) = fleet.events("ready", who="steward")
        os.kill(first["pid"], signal.SIGKILL)
        second = fleet.wait_for("ready", 2, who="steward")[1]
        victim = fleet.events("ready", who="worker 1")[0]
        os.kill(victim["pid"], signal.SIGKILL)
        (freed,) = fleet.wait_for("freed")
        assert freed["pid"] == second["pid"]
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0


@pytest.mark.hazard("A slot is used again before its dead worker's jobs were released")
def test_a_steward_that_dies_in_a_drain_is_replaced_and_frees_the_dead(tmp_path: Path) -> None:
    with Fleet(tmp_path, holds=True, leaves_at=9) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTERM)
        fleet.wait_for("asked", 2, wanted=1)
        os.kill(fleet.events("ready", who="steward")[0]["pid"], signal.SIGKILL)
        fleet.wait_for("ready", 2, who="steward")
        for event in fleet.events("ready"):
            if event["who"] != "steward":
                os.kill(event["pid"], signal.SIGKILL)
        assert fleet.exit_code() == 0
        assert len(fleet.events("freed")) == 2


def test_a_worker_that_cannot_start_any_more_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    with Fleet(tmp_path, boot="7", boot_fails="worker 2") as fleet:
        boots = [event["at"] for event in fleet.wait_for("booting", 5, who="worker 2")]
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert "worker 2" in fleet.log
        assert "ended: exit code 7" in fleet.log
        assert "worker 2 stays empty for 0.2 s: 3 starts in a row have failed" in fleet.log
    gaps = [later - earlier for earlier, later in pairwise(boots)]
    slack = 0.05  # a child tells of its boot a little after its birth
    assert all(gap > wait - slack for gap, wait in zip(gaps, [0.0, 0.1, 0.2, 0.4], strict=False))


@pytest.mark.hazard("Jobs that end their process take all workers down")
@pytest.mark.parametrize("preload", [False, True])
@pytest.mark.parametrize("who", ["worker 2", "steward"])
def test_who_came_up_and_dies_again_and_again_is_replaced_each_time_at_once(
    tmp_path: Path, who: str, *, preload: bool
) -> None:
    """With a back-off the tenth would be due after some 25 s."""
    with Fleet(tmp_path, preload=preload) as fleet:
        fleet.wait_until_serving()
        for death in range(1, 12):
            os.kill(fleet.wait_for("ready", death, who=who)[-1]["pid"], signal.SIGKILL)
        fleet.wait_for("ready", 12, who=who)
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert fleet.log.count(f"{who} (pid") >= 11
        assert "starts in a row have failed" not in fleet.log


def test_a_worker_asked_to_leave_from_outside_drains_and_is_replaced(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        fleet.wait_until_serving()
        (asked,) = fleet.events("ready", who="worker 1")
        os.kill(asked["pid"], signal.SIGTERM)
        (left,) = fleet.wait_for("leaving", who="worker 1")
        assert (left["wanted"], left["orphaned"]) == (1, False)
        fleet.wait_for("ready", 2, who="worker 1")
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0


def test_a_steward_obeys_nobody_but_its_supervisor(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        fleet.wait_until_serving()
        (steward,) = fleet.events("ready", who="steward")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            before = len(fleet.events("woken"))
            os.kill(steward["pid"], number)
            woken = fleet.wait_for("woken", before + 1)
            assert woken[-1]["wanted"] == 0
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert {event["pid"] for event in fleet.events("leaving", who="steward")} == {steward["pid"]}


@pytest.mark.hazard("Ctrl-C and systemd's TERM reach children too, and count as a second request")
def test_children_have_sessions_of_their_own_and_no_blocked_signals(tmp_path: Path) -> None:
    with Fleet(tmp_path, blocked=True) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        boots = fleet.events("booting")
    assert len(boots) == 3
    assert all(event["session"] == event["pid"] and not event["masked"] for event in boots)


@pytest.mark.hazard(
    "A slot is used again before its dead worker's jobs were released; a steward dies halfway",
    closed="live, dead, free, each step by one process; a new steward looks through all slots "
    "(`supervisor/pooljobs_supervisor/child_processes.py`)",
    area="processes",
)
def test_a_slot_is_not_reused_before_it_was_freed(tmp_path: Path) -> None:
    """With the steward stopped the dead pile up until no slot is left; then the respawn waits."""
    with Fleet(tmp_path, procs=1, holds=True) as fleet:  # seven slots
        fleet.wait_until_serving(1)
        (steward,) = fleet.events("ready", who="steward")
        os.kill(steward["pid"], signal.SIGSTOP)
        for count in range(1, 7):
            worker = fleet.wait_for("ready", count, who="worker 1")[-1]
            os.kill(worker["pid"], signal.SIGKILL)
        wait_until(lambda: fleet.log.count("killed by SIGKILL") == 6, what="six deaths in the log")
        dead = fleet.events("ready", who="worker 1")
        assert len({event["slot"] for event in dead}) == 6
        os.kill(steward["pid"], signal.SIGCONT)
        fleet.wait_for("ready", 7, who="worker 1")
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        freed = [event["of"] for event in fleet.events("freed")]
    assert freed[:6] == [event["pid"] for event in dead]


def test_a_worker_past_its_limit_leaves_once_its_replacement_is_ready(tmp_path: Path) -> None:
    with Fleet(tmp_path, works=100) as fleet:
        fleet.wait_for("leaving", who="worker 2")
        old, new = fleet.events("ready", who="worker 2")
        (asked,) = fleet.events("asked")
        assert (asked["pid"], asked["wanted"]) == (old["pid"], 1)
        assert old["pid"] != new["pid"]
        assert new["at"] < asked["at"]
        assert f"worker 2 (pid {old['pid']}) has run 100 jobs: it leaves" in fleet.log
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert len(fleet.events("booting")) == 4
    assert fleet.result()["left"] == {}


def test_a_worker_below_its_limit_stays(tmp_path: Path) -> None:
    with Fleet(tmp_path, works=79) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGTTIN)  # what comes of it shows that the loop has turned
        fleet.wait_for("ready", who="worker 3")
        assert not fleet.events("asked")
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
