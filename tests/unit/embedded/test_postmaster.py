from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pooljobs.embedded.postmaster import began, is_server, send
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")


@contextmanager
def running(program: Path | str, *arguments: str, name: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A shell that waits; ``name`` is what it claims to be."""
    command = [name or str(program), "-c", "read x", *arguments]
    with subprocess.Popen(command, executable=str(program), stdin=subprocess.PIPE) as process:
        wait_until(lambda: Path(f"/proc/{process.pid}/cmdline").read_bytes().count(b"\0") == len(command), what="exec")
        yield process
        process.kill()


@pytest.fixture
def postgres(tmp_path: Path) -> Path:
    """A program of that name."""
    program = tmp_path / "postgres"
    shutil.copy("/bin/sh", program)
    return program


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_it_is_one_that_executes_postgres_on_the_directory(postgres: Path, data: Path) -> None:
    with running(postgres, "-D", str(data)) as process:
        assert is_server(process.pid, data)
        assert not is_server(process.pid, data.parent)
        assert not is_server(process.pid, Path(f"{data}2"))
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is a zombie
        assert not is_server(process.pid, data)
    assert not is_server(process.pid, data)


def test_a_program_that_was_replaced_meanwhile_still_is(postgres: Path, data: Path) -> None:
    with running(postgres, "-D", str(data)) as process:
        postgres.unlink()
        assert is_server(process.pid, data)


@pytest.mark.hazard("A file, a lock, a pid or a whole directory was laid there by somebody else")
def test_who_only_calls_itself_so_is_not(data: Path) -> None:
    with running("/bin/sh", "-D", str(data), name="postgres") as process:
        assert not is_server(process.pid, data)
        send(process.pid, signal.SIGKILL, data)
        assert process.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_one_of_another_user_is_not(postgres: Path, data: Path) -> None:
    os.chown(data, 1234, 1234)
    with running(postgres, "-D", str(data)) as process:
        assert not is_server(process.pid, data)
        send(process.pid, signal.SIGKILL, data)
        assert process.poll() is None


@pytest.mark.parametrize("pidfds", [True, False])
def test_a_signal_reaches_the_server_and_nobody_else(
    postgres: Path, data: Path, monkeypatch: pytest.MonkeyPatch, *, pidfds: bool
) -> None:
    def refuse(_pid: int, _flags: int = 0) -> int:
        raise OSError

    if not pidfds:
        monkeypatch.setattr(os, "pidfd_open", refuse)
    with running(postgres, "-D", str(data)) as process:
        send(process.pid, signal.SIGKILL, data.parent)
        assert process.poll() is None
        send(process.pid, signal.SIGKILL, data)
        assert process.wait(30) == -signal.SIGKILL
    send(process.pid, signal.SIGKILL, data)


def test_two_processes_began_at_times_of_their_own() -> None:
    def born() -> int:
        with running("/bin/sh") as process:
            return began(process.pid)

    first = born()
    time.sleep(2 / os.sysconf("SC_CLK_TCK"))
    assert 0 < began(os.getpid()) <= first < born()
    assert began(2**30) == 0
