"""SIGTERM at every moment of a worker's life, to the worker and to its supervisor: never lost, and no job harmed.

A release is tried with more: ``POOLJOBS_TEST_MOMENTS=200 pytest tests/process/test_signal_moments.py``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.test_drain import assert_clean
from tests.support.moments import NAMES, PRELOADED
from tests.support.serving import ROOT, Serving, audit_of, enqueue
from tests.support.waiting import wait_until

TRIES = int(os.environ.get("POOLJOBS_TEST_MOMENTS", str(len(PRELOADED))))
"""Signals to workers, and runs in which the supervisor gets one."""

LIMIT = 60.0 + TRIES
APP = "tests.support.moment_app:app"
MODULE = ("tests.support.moments_main",)
PRELOAD = pytest.param(("--preload",), marks=pytest.mark.skipif(sys.platform != "linux", reason="for Linux"))
SUPERVISORS = [
    *(pytest.param(n, (), id=f"{n}-{NAMES[n % len(NAMES)]}") for n in range(TRIES)),
    *(
        pytest.param(
            n,
            ("--preload",),
            id=f"{n}-preload-{PRELOADED[n % len(PRELOADED)]}",
            marks=(*PRELOAD.marks, pytest.mark.long),
        )
        for n in range(max(TRIES, len(PRELOADED)))
    ),
]


def nothing_went_wrong(text: str) -> bool:
    return not any(bad in text for bad in ("killed by", "Traceback", "ERROR", "was lost", "exit code 1"))


@pytest.mark.timeout(120 + 4 * TRIES)
@pytest.mark.parametrize("more", [(), PRELOAD], ids=["each", "preload"])
def test_a_worker_that_is_signalled_drains_and_is_replaced(dsn: str, tmp_path: Path, more: tuple[str, ...]) -> None:
    env = {"MOMENT_TO": "worker", "MOMENT_TRIES": str(TRIES)}
    options = ("--poll-interval", "60", *more)
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", *options, app=APP, module=MODULE, env=env) as serving:
            drained = "ended: exit code 0"
            wait_until(lambda: serving.text.count(drained) >= TRIES, timeout=LIMIT, what=f"{TRIES} times {drained!r}")
            wait_until(
                lambda: connection.execute("SELECT 1 FROM pooljobs.live").fetchone() is None, what="the jobs' end"
            )
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text
            assert nothing_went_wrong(serving.text), serving.text
        assert_clean(connection)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("number", "more"), SUPERVISORS)
def test_a_supervisor_that_is_signalled_drains(dsn: str, tmp_path: Path, number: int, more: tuple[str, ...]) -> None:
    env = {**os.environ, "MOMENT_TO": "supervisor", "MOMENT_FIRST": str(number), "AUDIT_DSN": dsn}
    with audit_of(dsn) as connection:
        ended = serve(dsn, env, "--poll-interval", "60", "--log-level", "debug", *more)
        assert ended.returncode == 0, ended.stderr
        assert "SIGTERM: draining" in ended.stderr
        assert nothing_went_wrong(ended.stderr), ended.stderr
        assert_clean(connection)


def test_signals_after_the_end_do_not_change_how_it_ended(dsn: str) -> None:
    env = {**os.environ, "MOMENT_TO": "end", "MOMENT_TRIES": "0", "AUDIT_DSN": dsn}
    with audit_of(dsn) as connection:
        enqueue(connection, "stuck")
        command = serving_command(dsn, "--shutdown-timeout", "0.2")
        with subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            wait_until(
                lambda: connection.execute("SELECT 1 FROM pooljobs.live WHERE fence > 0").fetchone(),
                what="the job's claim",
            )
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 12, said
        assert "Traceback" not in said


def serving_command(dsn: str, *options: str) -> list[str]:
    return [sys.executable, "-m", *MODULE, "serve", "--app", APP, "--dsn", dsn, *options]


def serve(dsn: str, env: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        serving_command(dsn, *options), env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
