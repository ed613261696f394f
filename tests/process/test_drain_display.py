"""What a person at a terminal sees of an end that takes long."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.on_terminal import CTRL_BACKSLASH, CTRL_C, OnTerminal
from tests.support.serving import audit_of, counts, enqueue
from tests.support.waiting import wait_until

TALKING = """
import logging, time
from pooljobs import PoolJobs
app = PoolJobs()
@app.job
def talk() -> None:
    for n in range(6000):
        logging.getLogger("shop").info("line %d.", n)
        time.sleep(0.1)
"""
LINE = r"(\^C)*\d\d:\d\d:\d\d\.\d{3} (INFO |WARN ) (supervisor|worker-\d  |steward   ) .*"
WHOLE = re.compile(LINE)
JOB = r"[0-9a-f]{8}-[0-9a-f-]{27}"


@pytest.fixture
def talking(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "talking.py").write_text(TALKING)
    return {"PYTHONPATH": str(tmp_path)}


def shown(terminal: OnTerminal, pattern: str) -> bool:
    """Whether the line that the cursor stands in is this."""
    return re.fullmatch(rf"(\^C)?{pattern}", terminal.screen()[-1]) is not None


def test_a_line_counts_down_and_never_mixes_with_the_log(dsn: str, talking: dict[str, str]) -> None:
    options = ("--procs", "2", "--poll-interval", "0.1", "--batch-size", "1", "--no-adaptive")
    with audit_of(dsn) as connection, OnTerminal(dsn, *options, app="talking:app", env=talking) as terminal:
        enqueue(connection, "talk", 2)
        wait_until(lambda: counts(connection).get("running") == 2, what="both jobs to run")
        assert "waiting for" not in terminal.printed
        terminal.press(CTRL_C)
        runs = rf"worker \d runs {JOB} for \d+ s"
        end = r"\d+ s left; Ctrl-C gives back what has not begun"
        wait_until(lambda: shown(terminal, rf"waiting for 2 workers, 2 jobs; {runs}; {runs}; {end}"), what="the line")
        terminal.resize(60)
        wait_until(lambda: shown(terminal, r"waiting for 2 workers, 2 jobs; \d+ s left"), what="a shorter line")
        terminal.resize(200)
        terminal.press(CTRL_C)
        wait_until(lambda: shown(terminal, r"waiting for .*; Ctrl-C kills what runs"), what="the next stage's line")
        terminal.press(CTRL_C)
        assert terminal.ended() == 12
        *lines, last = terminal.screen()
        assert last == ""
        assert "stopped (drain timed out)" in lines[-1]
        assert sum("shop: line" in line for line in lines) > 10
        for line in lines:
            assert WHOLE.fullmatch(line), line
            assert "waiting for" not in line
            assert "s left" not in line
            assert not line.endswith(("begun", "what runs")) or "Ctrl-C drains" in line
            assert "shop: line" not in line or re.search(rf"line \d+\. \[talk {JOB}\]$", line), line


def test_a_dumb_terminal_gets_no_escape_codes(dsn: str, talking: dict[str, str]) -> None:
    env = {**talking, "TERM": "dumb"}
    with audit_of(dsn) as connection, OnTerminal(dsn, "--poll-interval", "0.1", app="talking:app", env=env) as terminal:
        enqueue(connection, "talk")
        wait_until(lambda: "shop: line" in terminal.printed, what="the job to begin")
        terminal.press(CTRL_C)
        wait_until(lambda: "waiting for 1 worker, 1 job; worker 1 runs " in terminal.printed, what="a line in the log")
        terminal.press(CTRL_BACKSLASH)
        assert terminal.ended() == 12
        assert "\x1b" not in terminal.printed
        assert "SIGQUIT: killing 1 worker" in terminal.printed
