"""Workers that come from a zygote, without a database: they are the supervisor's children in every respect."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from random import Random

import psutil
import pytest

from tests.process.fleet import TOO_LONG, Event, Fleet, lives
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a process that adopts orphans")

LEAST = "one worker is the least"


def zygotes(fleet: Fleet) -> list[Event]:
    return fleet.events("loading")


def workers(fleet: Fleet) -> set[int]:
    return {event["pid"] for event in fleet.events("ready") if event["who"] != "steward" and lives(event["pid"])}


def say(fleet: Fleet, text: str) -> None:
    wait_until(lambda: text in fleet.log, timeout=TOO_LONG, what=f"the log to say {text!r}")


def gone(*pids: int) -> None:
    wait_until(lambda: not any(lives(pid) for pid in pids), timeout=TOO_LONG, what=f"the end of {pids}")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    gone(pid)


def end(fleet: Fleet, number: int = signal.SIGTERM, code: int = 0) -> None:
    """Nobody is left, in the table of processes, on the scoreboard, or waiting to be reaped."""
    fleet.signal(number)
    assert fleet.exit_code() == code, fleet.log
    assert fleet.result()["left"] == {}
    gone(*(event["pid"] for event in fleet.events()))


def test_workers_are_the_supervisors_children_and_have_what_the_rules_of_the_fork_ask_for(tmp_path: Path) -> None:
    with Fleet(tmp_path, procs=3, preload=True) as fleet:
        fleet.wait_until_serving(3)
        family = psutil.Process(fleet.process.pid)
        (zygote,) = zygotes(fleet)
        booted = fleet.events("booting")
        assert {child.pid for child in family.children()} == {zygote["pid"], *(event["pid"] for event in booted)}
        assert psutil.Process(zygote["pid"]).children() == []
        assert all(event["session"] == event["pid"] and not event["masked"] for event in (zygote, *booted))
        end(fleet)
        assert {event["orphaned"] for event in fleet.events("leaving")} == {False}


def test_neither_supervisor_nor_worker_keeps_the_others_descriptors(tmp_path: Path) -> None:
    """A birth leaves nothing open in the supervisor, and nothing that belongs to the zygote in a worker."""
    with Fleet(tmp_path, preload=True) as fleet:
        fleet.wait_until_serving()
        first, second = workers(fleet)
        steward = next(event["pid"] for event in fleet.events("ready") if event["who"] == "steward")
        before = psutil.Process(fleet.process.pid).num_fds()
        kill(first)
        wait_until(lambda: len(workers(fleet) - {second}) == 1, timeout=TOO_LONG, what="a replacement")
        wait_until(lambda: psutil.Process(fleet.process.pid).num_fds() == before, timeout=TOO_LONG, what="no leak")
        assert len(seqpacket_sockets(zygotes(fleet)[0]["pid"])) == 1
        assert not any(seqpacket_sockets(pid) for pid in (*workers(fleet), steward))
        end(fleet)


def seqpacket_sockets(pid: int) -> list[str]:
    """Lines of zygotes, as inodes; supervisor and zygote have one, the others none."""
    kinds = {line.split()[6]: line.split()[4] for line in Path("/proc/net/unix").read_text().splitlines()[1:]}
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a file that is open for a moment only
            found.append(link.readlink().name.removeprefix("socket:[").removesuffix("]"))
    return [inode for inode in found if kinds.get(inode) == "0005"]


def test_a_killed_worker_is_seen_told_of_and_replaced_without_another_import(tmp_path: Path) -> None:
    with Fleet(tmp_path, preload=True, holds=True) as fleet:
        fleet.wait_until_serving()
        (victim,) = fleet.events("ready", who="worker 2")
        kill(victim["pid"])
        fleet.wait_for("ready", 2, who="worker 2")
        (freed,) = fleet.wait_for("freed", of=victim["pid"])
        assert (freed["status"], freed["killed"], freed["held"]) == (-signal.SIGKILL, 0, 3)
        assert f"worker 2 (pid {victim['pid']}) ended: killed by SIGKILL" in fleet.log
        assert len(zygotes(fleet)) == 1
        end(fleet)


@pytest.mark.hazard("A zygote hangs, and no worker is replaced any more; or it survives its supervisor")
@pytest.mark.parametrize("parent_death", [True, False], ids=["both", "line"])
def test_nobody_is_orphaned_when_the_supervisor_is_killed(tmp_path: Path, *, parent_death: bool) -> None:
    with Fleet(tmp_path, procs=3, preload=True, parent_death=parent_death) as fleet:
        fleet.wait_until_serving(3)
        fleet.signal(signal.SIGKILL)
        left = fleet.wait_for("leaving", 4)
        assert all(event["orphaned"] for event in left)
        gone(*fleet.children(), *(event["pid"] for event in zygotes(fleet)))


@pytest.mark.hazard("A zygote hangs, and no worker is replaced any more; or it survives its supervisor")
def test_a_zygote_that_loads_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    (tmp_path / "changed").touch()
    with Fleet(tmp_path, preload=True, load="hang") as fleet:
        (zygote,) = fleet.wait_for("loading")
        fleet.signal(signal.SIGKILL)
        gone(zygote["pid"])


@pytest.mark.hazard("A worker from a zygote is lost on its way")
def test_a_worker_on_its_way_drains_when_the_supervisor_is_killed_meanwhile(tmp_path: Path) -> None:
    """It has been adopted by whoever is next, and nobody has entered its pid anywhere."""
    with Fleet(tmp_path, procs=1, preload=True, slow_birth=1.0) as fleet:
        (worker,) = fleet.wait_for("unannounced")
        fleet.signal(signal.SIGKILL)
        (left,) = fleet.wait_for("leaving", who="worker 1")
        assert (left["pid"], left["orphaned"]) == (worker["pid"], True)
        gone(*fleet.children())


def test_a_killed_zygote_is_replaced_and_its_workers_live_on(tmp_path: Path) -> None:
    with Fleet(tmp_path, preload=True) as fleet:
        fleet.wait_until_serving()
        before = workers(fleet)
        (zygote,) = zygotes(fleet)
        kill(zygote["pid"])
        fleet.wait_for("loading", 2)
        say(fleet, "its workers go on")
        wait_until(lambda: fleet.log.count("has the application") == 2, timeout=TOO_LONG, what="the next zygote")
        assert workers(fleet) == before
        kill(before.pop())
        wait_until(lambda: len(workers(fleet)) == 2, timeout=TOO_LONG, what="a replacement from the new zygote")
        end(fleet)


@pytest.mark.hazard(
    "A worker from a zygote is lost on its way: its zygote, the process between or the worker itself is "
    "killed, and it lives unknown, or its place is kept for ever",
    closed="a pipe for each fork, which the worker answers or which ends "
    "(`supervisor/pooljobs_supervisor/zygote/spawn_requests.py`)",
    area="preloading",
)
def test_a_worker_whose_zygote_is_killed_before_it_is_announced_comes_all_the_same(tmp_path: Path) -> None:
    with Fleet(tmp_path, procs=1, preload=True, slow_birth=0.5) as fleet:
        (worker,) = fleet.wait_for("unannounced")
        kill(zygotes(fleet)[0]["pid"])
        fleet.wait_until_serving(1)
        assert workers(fleet) == {worker["pid"]}
        end(fleet)


@pytest.mark.hazard("A worker from a zygote is lost on its way")
def test_a_worker_that_is_killed_before_it_is_announced_is_asked_for_again(tmp_path: Path) -> None:
    with Fleet(tmp_path, procs=1, preload=True, slow_birth=0.5) as fleet:
        (worker,) = fleet.wait_for("unannounced")
        kill(worker["pid"])
        fleet.wait_until_serving(1)
        assert len(fleet.events("unannounced")) == 2
        gone(worker["pid"])
        end(fleet)


@pytest.mark.hazard(
    "A worker from a zygote is reaped as an orphan before its pid is known, and its death is nobody's",
    closed="orphans are left alone while a worker is on its way (`supervisor/pooljobs_supervisor/supervisor_loop.py`)",
    area="preloading",
)
def test_a_worker_that_dies_as_it_is_announced_is_no_stranger(tmp_path: Path) -> None:
    """Before the supervisor has heard of it, it is a child that has ended, and that nobody knows."""
    with Fleet(tmp_path, procs=1, preload=True, slow_birth=0.3, dies_at_birth=True) as fleet:
        assert fleet.exit_code() == 11, "the first worker never came up"
        (worker,) = fleet.events("unannounced")
        assert f"worker 1 (pid {worker['pid']}) ended: exit code 41" in fleet.log


@pytest.mark.hazard(
    "A zygote hangs, and no worker is replaced any more; or it survives its supervisor",
    closed="its forks have a time limit (`supervisor/pooljobs_supervisor/zygote/zygote_state.py`); the kernel kills "
    "it with its parent, and its line ends",
    area="preloading",
)
def test_a_zygote_that_gives_no_answer_is_killed_and_replaced(tmp_path: Path) -> None:
    with Fleet(tmp_path, preload=True, birth_limit=0.5) as fleet:
        fleet.wait_until_serving()
        (zygote,) = zygotes(fleet)
        os.kill(zygote["pid"], signal.SIGSTOP)
        kill(workers(fleet).pop())
        say(fleet, f"zygote (pid {zygote['pid']}) gives no answer: killing it")
        wait_until(lambda: len(workers(fleet)) == 2, timeout=TOO_LONG, what="the replacement")
        assert fleet.log.count("gives no answer") == 1
        end(fleet)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGQUIT, 12)])
def test_an_end_leaves_nobody_though_the_zygote_does_not_answer(tmp_path: Path, number: int, code: int) -> None:
    with Fleet(tmp_path, preload=True) as fleet:
        fleet.wait_until_serving()
        os.kill(zygotes(fleet)[0]["pid"], signal.SIGSTOP)
        kill(workers(fleet).pop())
        say(fleet, "ended: killed by SIGKILL")
        end(fleet, number, code)


@pytest.mark.hazard("Four signals in one moment end a worker")
def test_signals_from_outside_do_nothing_to_a_zygote(tmp_path: Path) -> None:
    with Fleet(tmp_path, preload=True) as fleet:
        fleet.wait_until_serving()
        (zygote,) = zygotes(fleet)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            os.kill(zygote["pid"], number)
        kill(workers(fleet).pop())
        wait_until(lambda: len(workers(fleet)) == 2, timeout=TOO_LONG, what="a replacement from it")
        assert len(zygotes(fleet)) == 1
        end(fleet)


def test_an_application_that_does_not_load_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "changed").touch()
    with Fleet(tmp_path, preload=True, load="refuse") as fleet:
        assert fleet.exit_code() == 3
        assert "there is no such application" in fleet.log
        assert "the application could not be loaded (exit code 3): giving up (APP)" in fleet.log
        assert len(zygotes(fleet)) == 1
        gone(*(event["pid"] for event in fleet.events()))


def test_a_reload_loads_anew_first_and_then_replaces_one_by_one(tmp_path: Path) -> None:
    with Fleet(tmp_path, preload=True) as fleet:
        fleet.wait_until_serving()
        before = workers(fleet)
        fleet.signal(signal.SIGHUP)
        say(fleet, "reloaded: 2 workers with the new code")
        old, new = zygotes(fleet)
        replaced = [event for event in fleet.events("booting") if event["at"] > new["at"]]
        assert len(replaced) == 2
        assert not workers(fleet) & before
        gone(old["pid"])
        assert lives(new["pid"])
        assert "reload given up" not in fleet.log
        end(fleet)


@pytest.mark.hazard(
    "A reload with code that does not load leaves nobody to fork the old code from",
    closed="the old zygote stays until a worker with the new code is READY "
    "(`supervisor/pooljobs_supervisor/zygote/zygote_state.py`)",
    area="preloading",
)
@pytest.mark.parametrize(("load", "why"), [("refuse", "could not be loaded (exit code 3)"), ("hang", "within 1 s")])
def test_new_code_that_does_not_load_leaves_zygote_and_workers_as_they_are(tmp_path: Path, load: str, why: str) -> None:
    with Fleet(tmp_path, preload=True, load=load, ready_limit=1.0) as fleet:
        fleet.wait_until_serving()
        before = workers(fleet)
        (tmp_path / "changed").touch()
        fleet.signal(signal.SIGHUP)
        say(fleet, f"{why}; the 2 old workers go on")
        old, new = zygotes(fleet)
        gone(new["pid"])
        assert workers(fleet) == before
        kill(before.pop())
        wait_until(lambda: len(workers(fleet)) == 2, timeout=TOO_LONG, what="a replacement with the old code")
        assert lives(old["pid"])
        assert len(zygotes(fleet)) == 2
        (tmp_path / "changed").unlink()
        fleet.signal(signal.SIGHUP)
        say(fleet, "reloaded: 2 workers with the new code")
        end(fleet)


@pytest.mark.hazard("A reload with code that does not load leaves nobody to fork the old code from")
def test_new_code_that_loads_and_does_not_come_up_leaves_the_old_zygote(tmp_path: Path) -> None:
    with Fleet(tmp_path, preload=True, new_boot="5") as fleet:
        fleet.wait_until_serving()
        (tmp_path / "changed").touch()
        fleet.signal(signal.SIGHUP)
        say(fleet, "did not come up with the new code (exit code 5); the 2 old workers go on")
        old, new = zygotes(fleet)
        gone(new["pid"])
        kill(workers(fleet).pop())
        wait_until(lambda: len(workers(fleet)) == 2, timeout=TOO_LONG, what="a replacement with the old code")
        assert lives(old["pid"])
        end(fleet)


def test_another_order_kills_a_zygote_that_still_loads(tmp_path: Path) -> None:
    with Fleet(tmp_path, preload=True, load="hang") as fleet:
        fleet.wait_until_serving()
        (tmp_path / "changed").touch()
        fleet.signal(signal.SIGHUP)
        fleet.wait_for("loading", 2)
        (tmp_path / "changed").unlink()
        fleet.signal(signal.SIGHUP)
        say(fleet, "reloaded: 2 workers with the new code")
        gone(zygotes(fleet)[1]["pid"])
        end(fleet)


@pytest.mark.hazard("A worker from a zygote is lost on its way")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(3))
def test_whoever_is_killed_and_whenever_the_fleet_is_whole_in_the_end(tmp_path: Path, seed: int) -> None:
    """Zygotes, workers and those between, while the fleet is asked to grow, to shrink and to reload."""
    random = Random(seed)
    with Fleet(tmp_path, procs=3, preload=True, slow_birth=0.01) as fleet:
        fleet.wait_until_serving(3)
        supervisor = psutil.Process(fleet.process.pid)
        steward = next(event["pid"] for event in fleet.events("ready") if event["who"] == "steward")
        for _ in range(40):
            order = random.choice([signal.SIGTTIN, signal.SIGTTOU, signal.SIGHUP, None, None, None])
            if order is not None:
                fleet.signal(order)
            family = [child.pid for child in supervisor.children(recursive=True) if child.pid != steward]
            for pid in random.sample(family, k=min(len(family), random.choice([0, 1, 1, 2]))):
                try:
                    os.kill(pid, random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
                except ProcessLookupError:
                    continue
            time.sleep(random.choice([0.0, 0.0, random.uniform(0.0, 0.05)]))
        refused = fleet.log.count(LEAST)
        wait_until(lambda: shrunk(fleet, refused), what="the fleet to be as small as it may be")
        fleet.signal(signal.SIGHUP)
        wait_until(lambda: whole(supervisor, steward), timeout=TOO_LONG, what="one worker, one zygote, one steward")
        assert "Traceback" not in fleet.log
        assert "exit code 255" not in fleet.log, "a child was reaped as a stranger"
        end(fleet)


def shrunk(fleet: Fleet, refused: int) -> bool:
    """Asks for one worker less until that was refused; signals that come together may count as one."""
    fleet.signal(signal.SIGTTOU)
    return fleet.log.count(LEAST) > refused


def whole(supervisor: psutil.Process, steward: int) -> bool:
    children = supervisor.children()
    return len(children) == 3 and steward in {child.pid for child in children} and all(lives(c.pid) for c in children)
