"""A hangup has every worker replaced, the replacement first; what does not come up is given up."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.process.fleet import TOO_LONG, Event, Fleet
from tests.support.waiting import wait_until


def wait_for_log(fleet: Fleet, text: str, count: int = 1) -> None:
    wait_until(lambda: fleet.log.count(text) >= count, timeout=TOO_LONG, what=f"{count} of {text!r}")


def workers(fleet: Fleet, event: str = "ready") -> list[Event]:
    return [told for told in fleet.events(event) if told["who"] != "steward"]


def assert_ends_well(fleet: Fleet) -> None:
    fleet.signal(signal.SIGTERM)
    assert fleet.exit_code() == 0
    assert fleet.result()["left"] == {}


@pytest.mark.hazard("A replacement that comes first needs room on the scoreboard")
def test_every_worker_is_replaced_one_after_the_other_and_the_steward_stays(tmp_path: Path) -> None:
    with Fleet(tmp_path, procs=3) as fleet:
        fleet.wait_until_serving(3)
        old = workers(fleet)
        fleet.signal(signal.SIGHUP)
        wait_for_log(fleet, "reloaded: 3 workers with the new code")
        assert {event["pid"] for event in workers(fleet, "leaving")} == {event["pid"] for event in old}
        for before in old:
            (asked,) = fleet.events("asked", pid=before["pid"])
            (_, after) = fleet.events("ready", who=before["who"])
            assert after["at"] < asked["at"]
        births = [event["at"] for event in workers(fleet, "booting")[3:]]
        ends = [event["at"] for event in workers(fleet, "leaving")]
        assert all(end < birth for end, birth in zip(ends, births[1:], strict=False)), "two were replaced at a time"
        assert len(fleet.events("booting", who="steward")) == 1
        assert_ends_well(fleet)


@pytest.mark.parametrize("new_boot", ["3", "hang"])
def test_workers_go_on_when_the_new_code_does_not_come_up(tmp_path: Path, new_boot: str) -> None:
    limit = 120.0 if new_boot == "3" else 0.5
    with Fleet(tmp_path, new_boot=new_boot, ready_limit=limit) as fleet:
        fleet.wait_until_serving()
        (tmp_path / "changed").touch()
        for tries in (1, 2):
            fleet.signal(signal.SIGHUP)
            wait_for_log(fleet, "reload given up", tries)
            wait_for_log(fleet, "ended:", tries)
        assert "the 2 old workers go on" in fleet.log
        assert ("(exit code 3)" if new_boot == "3" else "within 0.5 s") in fleet.log
        assert len(workers(fleet, "booting")) == 4
        assert fleet.events("asked") == []
        (tmp_path / "changed").unlink()
        fleet.signal(signal.SIGHUP)
        wait_for_log(fleet, "reloaded: 2 workers")
        assert len(workers(fleet, "booting")) == 6, "something tried again by itself"
        assert_ends_well(fleet)


def test_another_hangup_starts_anew_and_ends_what_boots_with_the_code_of_before(tmp_path: Path) -> None:
    with Fleet(tmp_path, new_boot="hang") as fleet:
        fleet.wait_until_serving()
        (tmp_path / "changed").touch()
        fleet.signal(signal.SIGHUP)
        (stuck,) = fleet.wait_for("stuck", who="worker 1")
        (tmp_path / "changed").unlink()
        fleet.signal(signal.SIGHUP)
        wait_for_log(fleet, "reloaded: 2 workers")
        assert "SIGHUP: reloading anew; 2 workers to be replaced" in fleet.log
        assert f"worker 1 (pid {stuck['pid']}) ended: killed by SIGKILL by the supervisor" in fleet.log
        assert "given up" not in fleet.log
        assert_ends_well(fleet)


def test_a_worker_that_dies_meanwhile_is_replaced_with_the_new_code(tmp_path: Path) -> None:
    with Fleet(tmp_path, new_boot="hang", holds=True) as fleet:
        fleet.wait_until_serving()
        (tmp_path / "changed").touch()
        fleet.signal(signal.SIGHUP)
        fleet.wait_for("stuck", who="worker 1")
        os.kill(fleet.events("ready", who="worker 2")[0]["pid"], signal.SIGKILL)
        fleet.wait_for("stuck", who="worker 2")
        assert "worker 2 is replaced at once, with the new code" in fleet.log
        (tmp_path / "changed").unlink()
        fleet.signal(signal.SIGHUP)
        wait_for_log(fleet, "reloaded: 2 workers")
        assert_ends_well(fleet)


def test_an_old_worker_that_stays_keeps_the_next_from_being_replaced_until_the_end(tmp_path: Path) -> None:
    with Fleet(tmp_path, leaves_at=2, holds=True) as fleet:
        fleet.wait_until_serving()
        fleet.signal(signal.SIGHUP)
        (asked,) = fleet.wait_for("asked", wanted=1)
        assert asked["who"] == "worker 1"
        fleet.signal(signal.SIGTTIN)  # what comes of it shows that the loop has turned
        fleet.wait_for("ready", who="worker 3")
        assert len(fleet.events("booting", who="worker 2")) == 1
        fleet.signal(signal.SIGUSR1)
        wait_for_log(fleet, "with the old code", 2)
        fleet.signal(signal.SIGTTOU)
        fleet.wait_for("asked", who="worker 3", wanted=1)
        fleet.signal(signal.SIGTERM)
        fleet.wait_for("asked", 4, wanted=1)
        fleet.signal(signal.SIGTERM)
        assert fleet.exit_code() == 0
        assert "SIGTERM: draining; 4 workers" in fleet.log
        assert len(workers(fleet, "leaving")) == 4
    assert fleet.result()["left"] == {}


def test_a_hangup_before_the_first_worker_is_ready_is_kept(tmp_path: Path) -> None:
    with Fleet(tmp_path, gate=True) as fleet:
        fleet.wait_for("booting", who="worker 1")
        fleet.signal(signal.SIGHUP)
        wait_for_log(fleet, "SIGHUP: reloading")
        (tmp_path / "gate").touch()
        wait_for_log(fleet, "reloaded: 2 workers")
        assert len(fleet.events("ready", who="worker 1")) == 2
        assert_ends_well(fleet)


def test_hangups_to_the_children_replace_workers_only(tmp_path: Path) -> None:
    with Fleet(tmp_path) as fleet:
        fleet.wait_until_serving()
        for event in fleet.events("ready"):
            os.kill(event["pid"], signal.SIGHUP)
        fleet.wait_for("ready", 2, who="worker 1")
        fleet.wait_for("ready", 2, who="worker 2")
        assert_ends_well(fleet)
        assert len(fleet.events("booting", who="steward")) == 1


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(TOO_LONG)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with Fleet(tmp_path) as fleet:
            assert listener.recv(100) == b"READY=1"
            fleet.wait_until_serving()
            fleet.signal(signal.SIGHUP)
            word, _, stamp = listener.recv(100).partition(b"\nMONOTONIC_USEC=")
            assert word == b"RELOADING=1"
            assert int(stamp) > 0
            assert listener.recv(100) == b"READY=1"
            assert "reloaded" in fleet.log
            assert_ends_well(fleet)
            assert listener.recv(100) == b"STOPPING=1"
