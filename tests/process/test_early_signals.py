"""Signals to ``pooljobs serve`` while it still looks at the application and the database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serving import ROOT
from tests.support.waiting import wait_until

APP = """
import os, signal
from pathlib import Path
from pooljobs import PoolJobs
if not Path("signalled").exists():
    Path("signalled").touch()
    os.kill(os.getppid(), signal.Signals[os.environ["EARLY"]])
app = PoolJobs()


@app.job
def noop() -> None: ...
"""


def start(dsn: str, folder: Path, number: signal.Signals) -> subprocess.Popen[bytes]:
    """Serves an application that signals whoever imports it first: the child that asks it for its database."""
    (folder / "early.py").write_text(APP)
    command = [sys.executable, "-m", "pooljobs", "serve", "--app", "early:app", "--dsn", dsn]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "EARLY": number.name},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # without a terminal
        )


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU])
def test_an_early_order_does_no_harm(dsn: str, tmp_path: Path, number: signal.Signals) -> None:
    process = start(dsn, tmp_path, number)
    try:
        wait_until(lambda: "worker ready" in (tmp_path / "log").read_text(), what="the worker to be ready")
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_an_early_request_to_end_is_a_clean_end(dsn: str, tmp_path: Path, number: signal.Signals) -> None:
    process = start(dsn, tmp_path, number)
    code = process.wait(60)
    said = (tmp_path / "log").read_text()
    assert code == 0, said
    assert "starting" not in said
    assert "Traceback" not in said


AT_AN_IMPORT = """
import os, signal, sys
from importlib.abc import MetaPathFinder


class AtAnImport(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "typer":
            for number in sys.argv.pop().split(","):
                os.kill(os.getpid(), signal.Signals[number])


sys.meta_path.insert(0, AtAnImport())
from pooljobs.__main__ import main
main()
"""


def end_of(numbers: str, *command: str) -> int:
    """How a command ends that gets these signals while it imports what it needs."""
    program = [sys.executable, "-c", AT_AN_IMPORT, *command, numbers]
    done = subprocess.run(
        program, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stderr
    return done.returncode


def test_serve_that_still_imports_its_own_code_is_not_ended_by_orders_and_well_by_term() -> None:
    orders = "SIGHUP,SIGUSR1,SIGTTIN,SIGTTOU"
    assert end_of(orders, "serve", "--help") == 0, "it went on"
    assert end_of(orders + ",SIGTERM", "serve", "--app", "nowhere:app") == 0
    assert end_of("SIGQUIT", "--traceback", "serve", "--app", "nowhere:app") == 0


def test_what_a_signal_does_to_other_commands_is_not_changed() -> None:
    assert end_of("SIGTERM", "enqueue", "serve") == -signal.SIGTERM
