from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pooljobs.embedded import managers
from pooljobs.embedded.managers import PLATFORMS, SYSTEMD, service_manager


@pytest.fixture
def terminal() -> Iterator[int]:
    """One that somebody sits at."""
    one, other = pty.openpty()
    yield other
    os.close(one)
    os.close(other)


def asked_at(terminal: int, variables: dict[str, str]) -> str:
    """What a process answers whose standard streams are the terminal, but for the one that it answers on."""
    script = "from pooljobs.embedded.managers import service_manager; print(service_manager())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | variables,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", [*SYSTEMD, *PLATFORMS])
def test_what_a_manager_sets_gives_it_away(name: str) -> None:
    assert f"({name} is set)" in str(service_manager({name: "x", "CI": "true"}))
    assert service_manager({name: ""}) is None


def test_a_shell_a_cron_job_and_a_pipeline_are_no_services() -> None:
    assert service_manager({"TERM": "xterm", "CI": "true", "GITHUB_ACTIONS": "true", "LOGNAME": "me"}) is None


@pytest.mark.hazard("A mistyped variable starts a private database in production")
def test_a_terminal_that_systemd_has_started_is_none_either(terminal: int) -> None:
    assert asked_at(terminal, {"INVOCATION_ID": "x", "JOURNAL_STREAM": "8:1"}) == "None"
    assert "systemd" in str(service_manager({"INVOCATION_ID": "x"}))


def test_a_unit_with_a_terminal_is_a_service_all_the_same(terminal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda _: True)
    assert service_manager({"INVOCATION_ID": "x", "SYSTEMD_EXEC_PID": str(os.getpid())}) is not None
    assert service_manager({"INVOCATION_ID": "x", "SYSTEMD_EXEC_PID": "1"}) is None
    assert asked_at(terminal, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).startswith("under Kubernetes")


def test_the_first_process_of_a_container_is_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert service_manager({}) == "in a container (this is its first process)"


def test_so_is_what_that_one_has_forked_but_not_what_it_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 1)
    monkeypatch.setattr(managers, "_words", lambda _: b"gunicorn\0shop:app")
    assert service_manager({}) == "in a container (its first process has forked this one)"
    monkeypatch.setattr(managers, "_words", lambda pid: str(pid).encode())
    monkeypatch.setattr(managers, "_name", lambda _: "pytest")
    assert service_manager({}) is None


def test_what_an_init_has_started_is_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managers, "_name", lambda _: "tini")
    assert service_manager({}) == "under tini (it started this process)"
