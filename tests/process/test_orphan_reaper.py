"""The supervisor where orphans come to it: reaped, without taking children from those who wait for them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.process.fleet import TOO_LONG, lives
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode == 0


def output_of(program: str) -> str:
    """What a program prints; its errors too, where it fails."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def events(folder: Path, name: str) -> list[dict[str, object]]:
    path = folder / "events"
    lines = path.read_text().rpartition("\n")[0].splitlines() if path.exists() else []
    return [event for line in lines if (event := json.loads(line))["event"] == name]


@pytest.mark.skipif(not may_unshare(), reason="needs unshare, and the right to a PID namespace of its own")
def test_as_pid_1_it_reaps_what_its_workers_leave_behind_and_notes_their_own_ends(tmp_path: Path) -> None:
    arguments = json.dumps({"folder": str(tmp_path), "orphans": True, "holds": True})
    with (tmp_path / "log").open("w") as log:
        outer = subprocess.Popen(
            [*UNSHARE, sys.executable, "-m", "tests.process.toy_fleet", arguments], stderr=log, cwd=ROOT
        )
    try:
        wait_until(lambda: len(events(tmp_path, "ready")) == 3, timeout=TOO_LONG, what="the fleet")
        (init,) = psutil.Process(outer.pid).children()
        wait_until(lambda: len(init.children()) == 3, timeout=TOO_LONG, what="the orphans to be reaped")
        victim = init.children()[-1]
        victim.kill()
        wait_until(lambda: not lives(victim.pid), timeout=TOO_LONG, what="the victim's end")
        wait_until(lambda: "ended: killed by SIGKILL" in (tmp_path / "log").read_text(), timeout=TOO_LONG, what="word")
        init.send_signal(signal.SIGTERM)
        assert outer.wait(TOO_LONG) == 0
        assert "exit code 255" not in (tmp_path / "log").read_text()
    finally:
        outer.kill()
        outer.wait()


@pytest.mark.hazard(
    "Waiting for any child takes the end of one that somebody else waits for",
    closed="ends are looked at before they are taken, each by its pid "
    "(`supervisor/pooljobs_supervisor/forking/orphan_reaper.py`)",
    area="processes",
)
def test_a_subreaper_leaves_the_children_of_others_alone() -> None:
    """One child from before, one of the fleet, one orphan: all have ended, and only the orphan is reaped."""
    program = """
import ctypes, os, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
from pooljobs_supervisor.forking.orphan_reaper import OrphanReaper, adopts_orphans

def child(code):
    pid = os.fork()
    if not pid:
        os._exit(code)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid

before = child(1)
reaper = OrphanReaper(adopts=adopts_orphans())
fleet = child(2)
middle = os.fork()
if not middle:
    os.fork()
    os._exit(0)
os.waitpid(middle, 0)
deadline = time.monotonic() + 20
while not (reaped := reaper.reap({fleet})) and time.monotonic() < deadline:
    pass
statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, os.WNOHANG)[1]) for pid in (before, fleet)]
print(reaped, statuses, reaper.reap(()))
"""
    assert output_of(program) == "1 [1, 2] 0\n"


def test_nobody_is_reaped_where_orphans_go_elsewhere() -> None:
    program = "from pooljobs_supervisor.forking.orphan_reaper import adopts_orphans; print(adopts_orphans())"
    assert output_of(program) == "False\n"
