"""A supervisor under a service manager that listens on a real socket."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.process.fleet import TOO_LONG, Fleet


def test_it_tells_that_it_is_ready_alive_and_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(TOO_LONG)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        with Fleet(tmp_path, gate=True) as fleet:
            assert listener.recv(100) == b"WATCHDOG=1"
            assert listener.recv(100) == b"WATCHDOG=1"
            fleet.wait_for("booting", who="worker 1")
            (tmp_path / "gate").touch()
            assert "READY=1" in until(listener, b"READY=1")
            assert set(until(listener, b"WATCHDOG=1")) == {"WATCHDOG=1"}
            fleet.signal(signal.SIGTERM)
            assert set(until(listener, b"STOPPING=1")) <= {"WATCHDOG=1", "STOPPING=1"}
            assert fleet.exit_code() == 0


def test_a_watchdog_of_another_process_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(TOO_LONG)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        with Fleet(tmp_path) as fleet:
            assert listener.recv(100) == b"READY=1"
            fleet.signal(signal.SIGTERM)
            assert listener.recv(100) == b"STOPPING=1"
            assert fleet.exit_code() == 0


def until(listener: socket.socket, word: bytes) -> list[str]:
    """All words up to this one."""
    words = [listener.recv(100)]
    while words[-1] != word:
        words.append(listener.recv(100))
    return [each.decode() for each in words]
