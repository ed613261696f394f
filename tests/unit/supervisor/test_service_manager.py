"""What a service manager gets to hear, on a real socket."""

from __future__ import annotations

import doctest
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooljobs_supervisor import service_manager
from pooljobs_supervisor.service_manager import ServiceManager

LOG = logging.getLogger("test")


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(0)
        yield listener


def take(listener: socket.socket) -> list[str]:
    words = []
    try:
        while True:
            words.append(listener.recv(100).decode())
    except BlockingIOError:
        return words


def manager(listener: socket.socket, **more: str) -> ServiceManager:
    return ServiceManager({"NOTIFY_SOCKET": listener.getsockname(), **more}, LOG)


def test_ready_and_stopping_are_told_once(heard: socket.socket) -> None:
    told = manager(heard)
    told.report(ready=False, stopping=False, now=0.0)
    assert take(heard) == []
    for now in (1.0, 2.0):
        told.report(ready=True, stopping=False, now=now)
    assert take(heard) == ["READY=1"]
    for now in (3.0, 4.0):
        told.report(ready=True, stopping=True, now=now)
    assert take(heard) == ["STOPPING=1"]
    assert told.beat == float("inf")


def test_a_reload_is_told_when_it_begins_begins_anew_and_ends(heard: socket.socket) -> None:
    told = manager(heard)
    told.report(ready=False, stopping=False, now=1.0, reload=0.9)
    assert take(heard) == []
    for now in (2.0, 2.1):
        told.report(ready=True, stopping=False, now=now, reload=0.9)
    assert take(heard) == ["READY=1", "RELOADING=1\nMONOTONIC_USEC=2000000"]
    told.report(ready=True, stopping=False, now=3.5, reload=3.25)
    assert take(heard) == ["RELOADING=1\nMONOTONIC_USEC=3500000"]
    for now in (4.0, 5.0):
        told.report(ready=True, stopping=False, now=now)
    assert take(heard) == ["READY=1"]
    told.report(ready=True, stopping=True, now=6.0, reload=5.9)
    assert take(heard) == ["STOPPING=1"]


def test_a_watchdog_hears_of_life_in_time_and_not_at_every_turn(heard: socket.socket) -> None:
    told = manager(heard, WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid()))
    assert told.beat == 10.0
    beats = []
    for now in range(60):
        told.report(ready=False, stopping=False, now=float(now))
        beats += [now for _ in take(heard)]
    assert beats == list(range(0, 60, 5))


def test_an_abstract_socket_is_reached() -> None:
    name = f"pooljobs-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        try:
            listener.bind("\0" + name)
        except OSError as error:
            pytest.skip(f"no abstract sockets here: {error}")
        listener.settimeout(0)
        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}, LOG).report(ready=True, stopping=False, now=0.0)
        assert take(listener) == ["READY=1"]


def test_a_manager_that_cannot_be_reached_is_told_later_and_complained_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "notify"
    told = ServiceManager({"NOTIFY_SOCKET": str(path)}, LOG)
    for now in (0.0, 1.0):
        told.report(ready=True, stopping=False, now=now)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the service manager cannot be told READY=1"
    ]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(0)
        told.report(ready=True, stopping=False, now=2.0)
        assert take(listener) == ["READY=1"]


def test_without_a_manager_nothing_happens() -> None:
    told = ServiceManager({"WATCHDOG_USEC": "1000"}, LOG)
    told.report(ready=True, stopping=True, now=0.0)
    assert told.beat == float("inf")


def test_the_examples_hold() -> None:
    assert doctest.testmod(service_manager) == (0, 2)
