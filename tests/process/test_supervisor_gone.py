"""The supervisor is killed, or meets a bug of its own: its children drain by themselves."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.process.fleet import Fleet, lives
from tests.support.waiting import wait_until


@pytest.mark.parametrize("parent_death", [True, False], ids=["both", "lifeline"])
def test_orphans_leave_when_the_supervisor_is_killed(tmp_path: Path, *, parent_death: bool) -> None:
    with Fleet(tmp_path, procs=3, parent_death=parent_death) as fleet:
        fleet.wait_until_serving(3)
        fleet.signal(signal.SIGKILL)
        left = fleet.wait_for("leaving", 4)
        assert all(event["orphaned"] for event in left)
        wait_until(lambda: not any(lives(pid) for pid in fleet.children()), what="the children's end")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a parent's death")
def test_the_kernels_word_alone_is_enough_too(tmp_path: Path) -> None:
    with Fleet(tmp_path, lifeline=False) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGKILL)
        left = fleet.wait_for("leaving", 3)
        assert all(event["wanted"] == 1 for event in left)
        wait_until(lambda: not any(lives(pid) for pid in fleet.children()), what="the children's end")


@pytest.mark.hazard("A bug in the supervisor hangs in its exit")
def test_a_bug_in_the_supervisor_drains_the_children(tmp_path: Path) -> None:
    with Fleet(tmp_path, breaks=True) as fleet:
        fleet.wait_until_serving()
        (tmp_path / "break").touch()
        assert fleet.exit_code() == 1
        assert "the supervisor broke" in fleet.log
        assert "a bug in the plan" in fleet.log
        fleet.wait_for("leaving", 3)
        wait_until(lambda: not any(lives(pid) for pid in fleet.children()), what="the children's end")


@pytest.mark.hazard(
    "A bug in the supervisor hangs in its exit; a worker does, by a thread that was left; a handler's own fork "
    "comes back as a second worker",
    closed="the outermost frame leaves by `os._exit` (`supervisor/pooljobs_supervisor/supervisor.py`, "
    "`supervisor/pooljobs_supervisor/forking/process_exit.py`); after each handler the worker looks whether it "
    "is still itself (`worker/pooljobs_worker/runtime/fork_guard.py`)",
    area="processes",
)
def test_a_broken_supervisor_does_not_wait_for_its_children(tmp_path: Path) -> None:
    with Fleet(tmp_path, breaks=True, leaves_at=9, lifeline=False) as fleet:
        fleet.wait_until_serving()
        workers = [event["pid"] for event in fleet.events("ready") if event["who"] != "steward"]
        (tmp_path / "break").touch()
        assert fleet.exit_code() == 1
        assert all(lives(pid) for pid in workers)
