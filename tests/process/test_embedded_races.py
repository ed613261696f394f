"""Users that come, go and die at the worst moment: the next one always gets a server that serves, and only one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from pooljobs.embedded import acquire
from tests.support.embedded import FAST, REPOSITORY, EmbeddedUser, ask, postmaster, runs
from tests.support.waiting import wait_until

ROUNDS = 12
COMES_AND_GOES = f"""
import random, sys, time
from pathlib import Path
from pooljobs.embedded import acquire
from tests.support.embedded import FAST, ask

starts = 0
for _ in range({ROUNDS}):
    with acquire(Path(sys.argv[1]), settings=FAST) as server:
        assert ask(server.dsn, "SELECT 1") == 1
        starts += server.started
    time.sleep(random.uniform(0, 0.05))
print(starts)
"""


def comes_and_goes(root: Path) -> subprocess.Popen[str]:
    """A process that uses the server again and again, for a moment each time."""
    return subprocess.Popen(
        [sys.executable, "-c", COMES_AND_GOES, str(root)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )


def close_input(user: EmbeddedUser) -> None:
    """Tells the user to leave, without waiting for it."""
    assert user.process.stdin is not None
    user.process.stdin.close()


def status(pid: int) -> dict[str, str]:
    """What the kernel tells of a process."""
    return dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())


def was_told_to_stop(pid: int) -> bool:
    """Whether a SIGINT waits for a process that is stopped."""
    return bool(int(status(pid)["ShdPnd"], 16) & 1 << signal.SIGINT - 1)


def has_open(user: EmbeddedUser, path: Path) -> bool:
    """Whether the user has opened the file."""
    with suppress(FileNotFoundError):  # it opens and closes others meanwhile
        return any(file.readlink() == path for file in Path(f"/proc/{user.process.pid}/fd").iterdir())
    return False


def test_two_that_come_and_go_as_they_like_always_find_a_server_that_serves(embedded_root: Path) -> None:
    with ExitStack() as racing:
        racers = [racing.enter_context(comes_and_goes(embedded_root)) for _ in range(2)]
        told = [racer.communicate()[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert 2 <= sum(map(int, told)) <= 2 * ROUNDS  # it was stopped and started while the other came
    assert not runs(embedded_root)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_nobody_adopts_a_server_that_its_last_user_is_stopping(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root) as leaving:
        pid = postmaster(embedded_root)
        os.kill(pid, signal.SIGSTOP)  # it goes on saying that it is ready
        try:
            wait_until(lambda: "T" in status(pid)["State"], what="the server to stand still")
            close_input(leaving)
            wait_until(lambda: was_told_to_stop(pid), what="the last user to stop the server")
            coming = EmbeddedUser(embedded_root)
            wait_until(lambda: has_open(coming, embedded_root / "start.lock"), what="another to come")
        finally:
            os.kill(pid, signal.SIGCONT)
        with coming:
            assert coming.started
            assert leaving.leave() == 0
            assert ask(coming.dsn, "SELECT 1") == 1


def test_an_initdb_that_is_killed_half_way_is_done_again(cold_root: Path) -> None:
    with EmbeddedUser(cold_root).process as user:
        wait_until(lambda: [*cold_root.glob("initdb.part.*/base")], what="initdb to be at work")
        os.killpg(user.pid, signal.SIGKILL)
    assert not (cold_root / "data").exists()
    with acquire(cold_root, settings=FAST) as server:
        assert server.started
        assert ask(server.dsn, "SELECT 1") == 1
    assert not [*cold_root.glob("initdb.part.*")]


def test_a_server_whose_starter_was_killed_before_it_was_ready_is_adopted(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root).process as starter:
        wait_until(lambda: runs(embedded_root), what="the server to be started")
        starter.kill()
    pid = postmaster(embedded_root)
    with acquire(embedded_root) as server:
        assert not server.started
        assert ask(server.dsn, "SELECT 1") == 1
        assert postmaster(embedded_root) == pid
    assert not runs(embedded_root)
