from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooljobs.embedded import pidfile as module
from pooljobs.embedded.location import SOCKET
from pooljobs.embedded.pidfile import PidFile, answers, parse, read, remove_useless, server_in

WHOLE = "4711\n/some where/data\n1700000000\n5432\n/so,me where/sockets\n\n  5432001     98304\n{status}   \n"


@pytest.fixture
def listener() -> Iterator[tuple[socket.socket, PidFile]]:
    """A socket where a server's would be, and the pid file that leads to it."""
    with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX) as listening:  # a short name
        listening.bind(f"{place}/{SOCKET}")
        listening.listen()
        yield listening, PidFile(4711, place, "ready")


@pytest.mark.parametrize("status", ["starting", "ready", "stopping", "standby"])
def test_a_whole_file_tells_where_the_socket_is_and_how_far_the_server_is(status: str) -> None:
    file = parse(WHOLE.format(status=status))
    assert file == PidFile(4711, "/so,me where/sockets", status)
    assert file.ready is (status == "ready")


@pytest.mark.parametrize("text", ["4711\n", "4711", "4711\n/data\n1700000000\n5432\n"])
def test_a_file_that_is_being_written_is_of_no_ready_server(text: str) -> None:
    assert parse(text) == PidFile(4711)
    assert not PidFile(4711).ready


@pytest.mark.parametrize("text", ["", "\n", "x\n", "-1\n", "0\n", "²\n", "٣\n", "1_0\n", "2147483648\n", "9" * 5000])
def test_a_file_without_a_pid_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert server_in(tmp_path) is None


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


def test_a_server_that_speaks_answers(listener: tuple[socket.socket, PidFile]) -> None:
    def speak() -> None:
        with listener[0].accept()[0] as connection:
            assert connection.recv(8) == b"\0\0\0\x08\x04\xd2\x16\x2f"
            connection.sendall(b"N")

    speaker = threading.Thread(target=speak)
    speaker.start()
    assert answers(listener[1])
    speaker.join()


def test_one_that_dies_before_it_speaks_does_not(listener: tuple[socket.socket, PidFile]) -> None:
    def die() -> None:
        listener[0].accept()[0].close()

    dying = threading.Thread(target=die)
    dying.start()
    assert not answers(listener[1])
    dying.join()
    listener[0].close()
    assert not answers(listener[1])


def test_one_that_is_only_slow_is_not_taken_for_dead(
    listener: tuple[socket.socket, PidFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    assert answers(listener[1])
    assert not answers(PidFile(4711, listener[1].sockets, "starting"))
