"""The rules of the fork, one by one: nothing lost between, nothing inherited that belongs to the parent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pooljobs_supervisor.forking.exit_watch import UNKNOWN_STATUS, pidfds_work


def play(scene: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.process.toy_forks", scene, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return {**seen, "said": done.stderr}


@pytest.mark.hazard(
    "A signal right after the fork is lost, or lands in the supervisor's inbox",
    closed="signals stay blocked until the child has handlers and none of its parent's descriptors",
    area="processes",
)
def test_no_signal_is_lost_in_a_childs_first_instant_and_none_reaches_its_parent() -> None:
    seen = play("early_signals")
    assert seen["statuses"] == ["0"]
    assert seen["tries"] == 200
    assert seen["inbox"] == []


@pytest.mark.hazard("A signal right after the fork is lost, or lands in the supervisor's inbox")
def test_a_child_keeps_nothing_that_belongs_to_its_parent() -> None:
    seen = play("inside_a_child")
    del seen["said"]
    assert seen == {
        "wakeup_fd": -1,
        "blocked": [],
        "own_session": True,
        "chld": True,
        "pid_on_board": True,
        "orphan": False,
        "status": 0,
    }


@pytest.mark.parametrize("scene", ["pidfd", "sigchld"])
def test_a_death_wakes_the_loop(scene: str) -> None:
    if scene == "pidfd" and not pidfds_work():
        pytest.skip("this kernel has no pidfd")
    seen = play(scene)
    del seen["said"]
    assert seen == {"before": [], "early": None, "woken": True, "ended": True, "status": -9}


@pytest.mark.hazard("Waiting for any child takes the end of one that somebody else waits for")
def test_a_child_that_somebody_else_reaped_has_ended_too() -> None:
    seen = play("stolen")
    assert (seen["ended"], seen["status"]) == (True, UNKNOWN_STATUS)


def test_a_reaped_child_tells_what_it_used_whoever_reaped_it() -> None:
    seen = play("usage")
    assert len(seen["cpu"]) == len(seen["peak"]) == 2
    assert all(0.3 <= seconds < 10 for seconds in seen["cpu"])
    assert all(64 << 20 <= size < 1 << 30 for size in seen["peak"])


def test_an_inbox_keeps_every_signal_in_order_and_leaves_no_trace() -> None:
    seen = play("an_inbox")
    del seen["said"]
    assert seen == {"taken": ["SIGTERM", "SIGQUIT", "SIGTERM"], "again": [], "restored": True}


def test_a_signal_that_comes_as_the_child_ends_ends_the_command_in_order() -> None:
    seen = play("ends_as_a_signal_comes")
    assert (seen["raised"], seen["calls"]) == ("SystemExit(0)", 1)


def test_a_short_lived_child_reports_how_it_ended() -> None:
    seen = play("runs")
    said = seen.pop("said")
    assert seen == {
        "code": 7,
        "bug": 1,
        "refused": 6,
        "exit": 1,
        "term": -15,
        "int": -2,
        "killed": -9,
        "other_process": 0,
    }
    assert "ZeroDivisionError" in said
    assert "no schema (migrate)" in said


def test_output_that_nobody_reads_does_not_keep_a_child() -> None:
    assert play("blocked_output")["status"] == 5


def test_what_was_printed_last_is_flushed(tmp_path: Path) -> None:
    assert play("flushed_output", str(tmp_path / "words"))["text"] == "last words"
