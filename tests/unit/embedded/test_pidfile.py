from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pooljobs.embedded.pidfile import PidFile, is_server, parse, read, remove_useless, server_in
from tests.support.waiting import wait_until

WHOLE = "4711\n/some where/data\n1700000000\n5432\n/so,me where/sockets\n\n  5432001     98304\n{status}   \n"


@pytest.mark.parametrize("status", ["starting", "ready", "stopping", "standby"])
def test_a_whole_file_tells_where_the_socket_is_and_how_far_the_server_is(status: str) -> None:
    file = parse(WHOLE.format(status=status))
    assert file == PidFile(4711, "/so,me where/sockets", status)
    assert file.ready is (status == "ready")


@pytest.mark.parametrize("text", ["4711\n", "4711", "4711\n/data\n1700000000\n5432\n"])
def test_a_file_that_is_being_written_is_of_no_ready_server(text: str) -> None:
    assert parse(text) == PidFile(4711)
    assert not PidFile(4711).ready


@pytest.mark.parametrize("text", ["", "\n", "x\n", "-1\n"])
def test_a_file_without_a_pid_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert server_in(tmp_path) is None


def test_a_process_is_our_server_only_if_it_was_started_on_the_directory(tmp_path: Path) -> None:
    with subprocess.Popen(["sh", "-c", "read x", "-D", str(tmp_path)], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        wait_until(lambda: is_server(process.pid, tmp_path), what="the process to be what it was started as")
        assert not is_server(process.pid, tmp_path.parent)
        assert not is_server(process.pid, Path(f"{tmp_path}2"))
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is a zombie
        assert not is_server(process.pid, tmp_path)
    assert not is_server(process.pid, tmp_path)


def test_a_stranger_with_the_pid_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(WHOLE.format(status="ready").replace("4711", str(os.getpid())))
    assert read(tmp_path) is not None
    assert server_in(tmp_path) is None


def test_an_empty_pid_file_goes_and_one_with_a_pid_stays(tmp_path: Path) -> None:
    pidfile, lock = tmp_path / "postmaster.pid", tmp_path / ".s.PGSQL.5432.lock"
    remove_useless(tmp_path, tmp_path)
    pidfile.write_text("4711\n")
    lock.write_text("4711\n")
    remove_useless(tmp_path, tmp_path)
    assert pidfile.exists()
    assert not lock.exists()
    pidfile.write_text("")
    remove_useless(tmp_path, tmp_path)
    assert not pidfile.exists()
