"""The harness of ``make bench-peers``: drivers as real programs, and a small contest on a real server."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from bench.peers.__main__ import measure
from bench.peers.catalog import HERE, Peer, read_peer
from bench.peers.contest import Effort
from bench.peers.driver import Driver, DriverError
from bench.peers.environments import Environment, SetupError, find_python, make_environment
from bench.peers.figures import FIGURES

from tests.support.embedded import fresh_root
from tests.support.waiting import wait_until


def toy(place: Path, source: str) -> Peer:
    """A peer whose driver is this program, in our own environment."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "driver.py").write_text(textwrap.dedent(source))
    return Peer(place, place.name, "python", "1.0", (), "postgresql", "as it comes", 10)


def driver_of(place: Path, source: str) -> Driver:
    peer = toy(place, source)
    return Driver(peer, Environment(Path(sys.executable), place, "Python"), {"PEER_TOLD": "yes"})


def test_a_call_returns_the_object_of_the_last_line(tmp_path: Path) -> None:
    driver = driver_of(
        tmp_path / "toy",
        """
        import json, os, sys
        print("hello"); print(json.dumps({"told": os.environ["PEER_TOLD"], "with": sys.argv[1:]})); print("bye")
        """,
    )
    assert driver.call("fill", 3) == {"told": "yes", "with": ["fill", "3"]}


def test_a_failure_is_told_with_the_drivers_own_words(tmp_path: Path) -> None:
    driver = driver_of(tmp_path / "toy", "raise SystemExit('no such queue')")
    with pytest.raises(DriverError, match=r"driver fill 3 ended with 1: no such queue"):
        driver.call("fill", 3)


def test_a_driver_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    driver = driver_of(tmp_path / "toy", "import time; time.sleep(600)")
    with pytest.raises(DriverError, match=r"did not end within 0\.5 s"):
        driver.call("prepare", timeout=0.5)


def runs(process: psutil.Process, program: Path) -> bool:
    try:
        return str(program) in process.cmdline()
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return False


def work_until_all_are_gone(driver: Driver, log: Path) -> None:
    with driver.working(2):
        wait_until(lambda: "no such server" in log.read_text())
        wait_until(lambda: not any(runs(child, log.parent / "driver.py") for child in psutil.Process().children()))


def test_a_worker_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    driver = driver_of(tmp_path / "toy", "raise SystemExit('no such server')")
    with pytest.raises(DriverError, match=r"driver work ended with 1: .*no such server"):
        work_until_all_are_gone(driver, tmp_path / "toy" / "driver.log")


def test_what_a_worker_has_started_is_gone_with_it(tmp_path: Path) -> None:
    driver = driver_of(
        tmp_path / "toy",
        """
        import pathlib, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path(__file__).with_name("pid").write_text(str(child.pid))
        time.sleep(600)
        """,
    )
    note = tmp_path / "toy" / "pid"
    with driver.working(1):
        wait_until(lambda: note.exists() and note.read_text() != "")
        child = psutil.Process(int(note.read_text()))
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_version_of_python_that_nobody_has_is_told() -> None:
    assert find_python("3.11") == Path(sys.executable)
    with pytest.raises(SetupError, match=r"needs Python 3\.77 or later"):
        find_python("3.77")


@pytest.mark.long
def test_a_package_that_does_not_exist_is_told(tmp_path: Path) -> None:
    peer = Peer(tmp_path, "toy", "python", "1.0", (str(tmp_path / "absent.whl"),), "postgresql", "", 1)
    with pytest.raises(SetupError, match=r"absent\.whl"):
        make_environment(peer, tmp_path / "home")


@pytest.mark.long
def test_pooljobs_takes_all_figures_and_a_peer_that_fails_is_told_beside_it(tmp_path: Path) -> None:
    broken = toy(tmp_path / "broken", "raise SystemExit('not today')")
    with fresh_root() as root:
        report = measure([read_peer(HERE / "pooljobs"), broken], Effort(1, 0.005, 1, 3), root)
    assert report.outcome.errors.keys() == {"broken"}, report.outcome.errors
    assert "not today" in report.outcome.errors["broken"][0]
    assert report.summary["pooljobs"].keys() == {figure.key for figure in FIGURES}
    assert all(cell.value > 0 for cell in report.summary["pooljobs"].values())
    assert report.settings["postgresql synchronous_commit"] == "on"
