"""A fleet in a terminal under Ctrl-S: its log stands still, and nothing else."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs_supervisor.reporting.supervisor_log import tells_ready
from tests.support.claims import scalar
from tests.support.on_terminal import CTRL_C, OnTerminal
from tests.support.serving import audit_of, enqueue, unfinished
from tests.support.waiting import wait_until

CTRL_S, CTRL_Q = b"\x13", b"\x11"
NEWEST = "SELECT max(started_at) FROM pooljobs.workers"


def kill_the_worker(connection: Connection[Any]) -> None:
    """Returns when another one has registered."""
    before = scalar(connection, NEWEST)
    os.kill(scalar(connection, "SELECT pid FROM pooljobs.workers ORDER BY started_at DESC LIMIT 1"), signal.SIGKILL)
    wait_until(lambda: scalar(connection, NEWEST) > before, what="another worker")


@pytest.mark.hazard(
    "Ctrl-S stops the terminal, and with a line of the log the supervisor",
    closed="no line of supervisor and steward waits for its reader (`shared/pooljobs/logs/line_handler.py`, "
    "`shared/pooljobs/logs/descriptor.py`); a bounded number waits to be written later, what is dropped is "
    "counted",
    area="output",
)
def test_dead_workers_are_replaced_and_their_jobs_released(dsn: str, tmp_path: Path) -> None:
    terminal = OnTerminal(dsn, "--poll-interval", "0.1", app="tests.support.audit_app:app", env={"AUDIT_DSN": dsn})
    with audit_of(dsn) as connection, terminal:
        wait_until(lambda: tells_ready(terminal.printed), what="the worker to be ready")
        terminal.press(CTRL_S)
        for _ in range(3):
            kill_the_worker(connection)
        enqueue(connection, "dies_once")
        wait_until(lambda: not unfinished(connection), what="the job to run again")
        assert "killed by SIGKILL" not in terminal.printed
        terminal.press(CTRL_Q)
        wait_until(lambda: terminal.printed.count("ended: killed by SIGKILL") == 4, what="the lines to come")
        terminal.press(CTRL_C)
        assert terminal.ended() == 0
