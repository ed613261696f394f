"""``pooljobs serve`` from the first line of its log to its exit code."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from pooljobs.exit_codes import ExitCode
from tests.support.command import pooljobs
from tests.support.serving import Serving, audit_of, enqueue, unfinished
from tests.support.waiting import wait_until


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--schema", "nowhere"], ExitCode.NOT_MIGRATED, "pooljobs migrate"),
        (["--procs", "500"], ExitCode.CONNECTION_BUDGET, "lower --procs"),
        (["--procs", "0"], ExitCode.USAGE, "procs must be at least 1"),
        (["--queues", " , "], ExitCode.USAGE, "at least one queue"),
        (["--batch-size", "100000"], ExitCode.USAGE, "batch_size"),
        (["--poll-interval", "inf"], ExitCode.USAGE, "poll_interval must be at most 604800, not inf"),
        (["--max-batch-size", "0"], ExitCode.USAGE, "max_batch_size must be at least 1"),
        (["--queues", "default:3,emails:few"], ExitCode.USAGE, "'emails:few' is not a queue's name, nor NAME:WEIGHT"),
        (["--queues", "default:0"], ExitCode.USAGE, "a queue's weight must be at least 1"),
        (["--queues", "default:101"], ExitCode.USAGE, "a queue's weight must be at most 100"),
        (["--queues", "a:2,a:3"], ExitCode.USAGE, "queue a has two weights, 2 and 3"),
        (["--log-format", "xml"], ExitCode.USAGE, "'xml' is not one of 'text', 'json'"),
        (["--log-level", "loud"], ExitCode.USAGE, "debug"),
    ],
)
def test_what_cannot_be_served_is_told_before_anything_starts(
    dsn: str, options: list[str], code: ExitCode, told: str
) -> None:
    ended = pooljobs("serve", "--app", "tests.support.audit_app", *options, dsn=dsn)
    assert ended.code == code, ended.err
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert "starting" not in ended.err


def test_no_database(tmp_path: Path) -> None:
    ended = pooljobs("serve", "--app", "examples.emails:app", "--dsn", f"host={tmp_path}")
    assert ended.code == ExitCode.DATABASE_UNREACHABLE
    assert ended.err.startswith("error: cannot connect")


def test_an_app_whose_import_raises_shows_the_users_traceback_once(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f():\n    return 1 / 0\n\nf()\n")
    ended = pooljobs("serve", "--app", "broken:app", "--procs", "3", dsn=dsn, cwd=tmp_path)
    assert ended.code == ExitCode.APP
    assert ended.err.count("    return 1 / 0") == 1
    assert "loading.py" not in ended.err


def test_a_wrong_app_is_told_without_a_traceback(dsn: str, tmp_path: Path) -> None:
    ended = pooljobs("serve", "--app", "no_such_app_here", dsn=dsn, cwd=tmp_path)
    assert ended.code == ExitCode.APP
    assert "no_such_app_here" in ended.err
    assert "Traceback" not in ended.err


def test_weights_are_told_and_names_are_published(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", "--queues", "default:3,emails,a:b:2") as serving:
        assert "queues: default:3, emails, a:b:2" in serving.text
        rows = connection.execute("SELECT queues FROM pooljobs.workers").fetchall()
        assert rows == [(["default", "emails", "a:b"],)]


FORGETFUL = """
import os
from pooljobs import PoolJobs
os.environ["POOLJOBS_JOB_TIMEOUT"] = "500"
os.environ["POOLJOBS_QUEUES"] = "elsewhere"
os.environ["POOLJOBS_CONNECTIONS"] = "many"
app = PoolJobs()
@app.job
def hello() -> None: ...
"""


def test_variables_are_read_once_and_handed_down(dsn: str, tmp_path: Path) -> None:
    """Neither what the application makes of them nor a reload, nor a worker that comes later, changes a setting."""
    (tmp_path / "forgetful.py").write_text(FORGETFUL)
    env = {
        "PYTHONPATH": str(tmp_path),
        "POOLJOBS_APP": "nothing:app",
        "POOLJOBS_PROCS": "2",
        "POOLJOBS_QUEUES": "default,letters",
        "POOLJOBS_JOB_TIMEOUT": "7",
        "POOLJOBS_LOG_FORMAT": "json",
        "POOLJOBS_PORC": "3",
    }
    options = ("--log-format", "text")
    rows = "SELECT ordinal, queues, extract(epoch FROM job_timeout)::int FROM pooljobs.workers WHERE dead_at IS NULL"
    wanted = [(number, ["default", "letters"], 7) for number in (1, 2)]
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options, app="forgetful:app", env=env) as serving:

        def told() -> list[tuple[Any, ...]]:
            return sorted(connection.execute(rows.encode()).fetchall())

        wait_until(lambda: told() == wanted, what="two workers with the settings that were given")
        assert "WARN" in (line := serving.text.splitlines()[0])
        assert line.endswith("POOLJOBS_PORC is no variable of pooljobs, and has no effect: is POOLJOBS_PROCS meant?")
        serving.signal(signal.SIGHUP)
        wait_until(lambda: "reloaded: 2 workers" in serving.text, what="the reload")
        wait_until(lambda: told() == wanted, what="two other workers with the same settings")
        serving.signal(signal.SIGTTIN)
        wait_until(lambda: len(told()) == 3, what="a third worker")
        assert told() == [*wanted, (3, ["default", "letters"], 7)]
        enqueue(connection, "hello")
        wait_until(lambda: not unfinished(connection), what="the job to end")


TWO_QUEUES = """
from pooljobs import PoolJobs
app = PoolJobs()
@app.job
def plain() -> None: ...
@app.job(queue="emails", aliases=("a_former_name",))
def send() -> None: ...
"""
NOT_SERVED = "declared, but not served here: queue {} (of {}); jobs wait there until a fleet serves them"


def test_all_queues_are_served_that_the_application_declares(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "two_queues.py").write_text(TWO_QUEUES)
    env = {"PYTHONPATH": str(tmp_path)}
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", app="two_queues:app", env=env) as serving:
        connection.execute("SELECT pooljobs.enqueue('plain'), pooljobs.enqueue('send', queue => 'emails')")
        wait_until(lambda: not unfinished(connection), what="both to end")
        assert "queues: default, emails" in serving.text
        assert "not served" not in serving.text


def test_queues_that_are_left_out_are_told_at_the_start_and_after_a_reload(dsn: str, tmp_path: Path) -> None:
    """Also those that an application declares since, where ``serve`` was told no queues."""
    (tmp_path / "two_queues.py").write_text(TWO_QUEUES)
    env = {"PYTHONPATH": str(tmp_path)}
    options = ("--queues", "default", "--procs", "2")
    with Serving(dsn, tmp_path / "log", *options, app="two_queues:app", env=env) as serving:
        wait_until(lambda: "2 workers ready" in serving.text, what="both workers")
        assert serving.text.count("not served") == 1
        assert NOT_SERVED.format("emails", "send") in serving.text
    with Serving(dsn, tmp_path / "other", app="two_queues:app", env=env) as serving:
        (tmp_path / "two_queues.py").write_text(TWO_QUEUES.replace('"emails"', '"letters"'))
        serving.signal(signal.SIGHUP)
        wait_until(lambda: NOT_SERVED.format("letters", "send") in serving.text, what="the new queue to be told of")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_start_and_drain_in_a_few_lines(dsn: str, tmp_path: Path, number: signal.Signals) -> None:
    with Serving(dsn, tmp_path / "log", "--procs", "2", "--queues", "default,emails") as serving:
        serving.signal(number)
        assert serving.ended() == 0
    lines = serving.text.splitlines()
    assert len(lines) <= 10, serving.text
    assert "2 workers for tests.support.audit_app:app, queues: default, emails" in lines[0]
    assert "(from --dsn), schema pooljobs, PostgreSQL " in lines[1]
    assert "Ctrl-C drains" in lines[2]
    assert number.name in serving.text


def test_json_lines_of_a_job_carry_its_id(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "talking.py").write_text(
        "import logging\nfrom pooljobs import PoolJobs\napp = PoolJobs()\n"
        "@app.job\ndef talk() -> None:\n    logging.getLogger('shop').info('hello', extra={'customer': 7})\n"
    )
    with audit_of(dsn) as connection:
        options = ("--log-format", "json", "--poll-interval", "0.1")
        env = {"PYTHONPATH": str(tmp_path)}
        with Serving(dsn, tmp_path / "log", *options, app="talking:app", env=env) as serving:
            enqueue(connection, "talk")
            wait_until(lambda: not unfinished(connection), what="the job to end")
        row = connection.execute("SELECT id::text FROM pooljobs.jobs").fetchone()
    records = [json.loads(line) for line in serving.text.splitlines()]
    [hello] = [record for record in records if record["message"] == "hello"]
    assert row == (hello["job_id"],)
    expected = {"job_type": "talk", "process": "worker-1", "logger": "shop", "customer": 7, "level": "info"}
    assert {name: hello[name] for name in expected} == expected


def test_a_handler_that_closes_stderr_costs_no_log_line_and_no_worker(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "rude.py").write_text(
        "import logging, os\nfrom pooljobs import PoolJobs\napp = PoolJobs()\n"
        "@app.job\ndef rude() -> None:\n    os.close(1)\n    os.close(2)\n"
        "    logging.getLogger('shop').info('still here')\n"
    )
    with audit_of(dsn) as connection:
        env = {"PYTHONPATH": str(tmp_path)}
        with Serving(dsn, tmp_path / "log", "--poll-interval", "0.1", app="rude:app", env=env) as serving:
            enqueue(connection, "rude")
            wait_until(lambda: not unfinished(connection), what="the job to end")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0
        assert connection.execute("SELECT status FROM pooljobs.jobs").fetchall() == [("completed",)]
    assert "shop: still here" in serving.text


@pytest.mark.parametrize("more", [(), ("--preload",)])
def test_an_app_without_a_job_is_refused_before_anything_starts(
    dsn: str, tmp_path: Path, more: tuple[str, ...]
) -> None:
    (tmp_path / "idle.py").write_text("from pooljobs import PoolJobs\n\napp = PoolJobs()\n")
    ended = pooljobs("serve", "--app", "idle:app", *more, dsn=dsn, cwd=tmp_path)
    assert ended.code == ExitCode.APP
    assert ended.err.splitlines() == [
        "error: the application declares no jobs: its workers would have nothing to run",
        "hint: declare one with @app.job in that module, or import there the modules that do",
    ]


def test_an_app_that_nobody_provides_for_is_refused_before_anything_starts(dsn: str, tmp_path: Path) -> None:
    code = (
        "from pooljobs import PoolJobs, State\napp = PoolJobs()\n@app.job\ndef send(mailer: State[int]) -> None: ...\n"
    )
    (tmp_path / "unprovided.py").write_text(code)
    ended = pooljobs("serve", "--app", "unprovided:app", dsn=dsn, cwd=tmp_path)
    assert ended.code == ExitCode.APP
    assert "handlers ask for State[int], which nobody provides" in ended.err
    assert "starting" not in ended.err
