"""A database full of text that an attacker wrote: no command hands it to the terminal, and no log line is forged."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from psycopg import Connection
from psycopg.types.json import Jsonb

from pooljobs.job.verdict import Verdict
from pooljobs_cli.build import build
from pooljobs_cli.command_group import Commands
from pooljobs_cli.command_names import SUMMARIES
from tests.support.claims import claim, register, settle_all
from tests.support.command import pooljobs
from tests.support.hostile_text import HOSTILE, harm
from tests.support.serving import Serving, counts
from tests.support.waiting import wait_until

_STYLE = re.compile(r"\x1b\[[\d;]*m")

FAILED, CANCELLED, PENDING, RUNNING = (
    f"{number:08x}-0000-7000-8000-000000000000" for number in (0xAAAA0001, 0xAAAA0002, 1, 2)
)

COMMANDS: dict[tuple[str, ...], list[tuple[str, ...]]] = {
    ("jobs", "list"): [
        (),
        ("--json",),
        ("--queue", HOSTILE),
        ("--status", HOSTILE),
        ("--limit", HOSTILE),
        ("--tag", HOSTILE),
    ],
    ("jobs", "show"): [(FAILED,), (CANCELLED,), (PENDING,), (FAILED, "--json"), (HOSTILE,), ("aaaa0001",), (RUNNING,)],
    ("jobs", "retry"): [("aaaa0001-0000", HOSTILE)],
    ("jobs", "cancel"): [(PENDING, HOSTILE, "--reason", HOSTILE)],
    ("stats",): [(), ("--json",)],
    ("enqueue",): [
        (HOSTILE,),
        ("x", "--payload", HOSTILE),
        ("y", "--app", HOSTILE),
        ("x", "--trace-id", HOSTILE),
        ("x", "--tag", HOSTILE * 9),
        ("x", "--meta", HOSTILE),
        ("x", "--meta", f"{HOSTILE}:="),
    ],
    ("grant",): [
        ("a", "--as", HOSTILE),
        (HOSTILE, "--as", "viewer", "--run"),
        ("a", "--as", "viewer", "--schema", HOSTILE),
    ],
    ("migrate",): [(f"--{HOSTILE}",), ("--schema", HOSTILE), ("--dsn", f"host={HOSTILE}")],
    ("serve",): [("--app", HOSTILE), ("--app", "a:b", "--log-level", HOSTILE), ("--app", "a:b", "--queues", HOSTILE)],
    ("embedded", "status"): [(), (HOSTILE,), ("--json", HOSTILE)],
    ("embedded", "stop"): [(HOSTILE,)],
    ("embedded", "reset"): [(HOSTILE,), (f"--{HOSTILE}",)],
    ("queues", "list"): [(), ("--json",), (HOSTILE,)],
    ("queues", "pause"): [(HOSTILE, "--reason", HOSTILE)],
    ("queues", "resume"): [(HOSTILE,), (HOSTILE,)],
    ("types", "list"): [(), ("--json",), (HOSTILE,)],
    ("types", "pause"): [(HOSTILE, "--reason", HOSTILE)],
    ("types", "resume"): [(HOSTILE,), (HOSTILE,)],
    ("schedules", "list"): [(), ("--json",), (HOSTILE,)],
    ("schedules", "show"): [(HOSTILE,)],
    ("schedules", "add"): [(HOSTILE, HOSTILE, "--cron", HOSTILE), (HOSTILE, HOSTILE, "--cron", "@daily")],
    ("schedules", "edit"): [(HOSTILE, "--cron", HOSTILE)],
    ("schedules", "pause"): [(HOSTILE, "--reason", HOSTILE)],
    ("schedules", "resume"): [(HOSTILE,)],
    ("schedules", "run-now"): [(HOSTILE,)],
    ("schedules", "remove"): [(HOSTILE,)],
    ("demo",): [(HOSTILE,), ("--dsn", f"postgresql://{HOSTILE}")],
    ("bench",): [("--dsn", f"host=127.0.0.1 port=1 dbname='{HOSTILE}'")],
    ("chaos",): [("--only", HOSTILE), ("--storm", HOSTILE)],
}
"""Every command, each with what makes it print such text; ``embedded psql`` prints nothing itself."""


def _no_worker() -> Any:
    raise AssertionError("nothing is served here")


def _every_command() -> Iterator[tuple[str, ...]]:
    cli = build(_no_worker, show_traceback=False)
    for name in SUMMARIES:
        _, command, _ = cli.resolve_command(typer.Context(cli), [name])
        if isinstance(command, Commands):
            yield from ((name, each) for each in command.commands)
        else:
            yield (name,)


def test_no_command_is_left_out() -> None:
    assert set(_every_command()) - {("embedded", "psql")} == set(COMMANDS)


def _fill(connection: Connection[Any]) -> None:
    insert = """
        INSERT INTO pooljobs.live (id, job_type, queue, trace_id, payload, last_error, max_retries, tags, meta)
        VALUES (%s, %s, %s, %s, jsonb_build_object(%s::text, %s::text), %s, 1,
            jsonb_build_array(%s::text), jsonb_build_object(%s::text, %s::text))
    """
    progress = """
        INSERT INTO pooljobs.progress
        SELECT l.worker_id, jsonb_build_object(l.id, jsonb_build_object(
            'token', l.token, 'done', 1, 'total', 2, 'note', %s::text, 'at', %s::text))
        FROM pooljobs.live AS l WHERE l.worker_id IS NOT NULL
    """
    text = [HOSTILE] * 9
    connection.execute(insert, (FAILED, *text))
    [held] = claim(connection, register(connection), queues=(HOSTILE,)) or []
    assert settle_all(connection, held.settled(Verdict.FAILED, error=HOSTILE)) == set()
    connection.execute(insert, (RUNNING, *text))
    assert claim(connection, register(connection), queues=(HOSTILE,))
    connection.execute(progress, (HOSTILE, HOSTILE))
    connection.execute(insert, (CANCELLED, *text))
    connection.execute("SELECT pooljobs.cancel(%s::uuid, %s)", (CANCELLED, HOSTILE))
    connection.execute(insert, (PENDING, *text))


@pytest.mark.hazard(
    "Text of whoever may enqueue reaches the terminal as escapes, or looks like a record of the log",
    closed="one function makes it harmless (`shared/pooljobs/escaping.py`), one module prints "
    "(`supervisor/pooljobs_cli/output/console.py`), and ruff bans other ways",
    area="output",
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_of_it_reaches_the_terminal(dsn: str, connection: Connection[Any], command: tuple[str, ...]) -> None:
    _fill(connection)
    for number, arguments in enumerate(COMMANDS[command]):
        env = {} if number % 2 else {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
        ended = pooljobs(*command, *arguments, dsn=dsn, env=env)
        printed = _STYLE.sub("", ended.out + ended.err) if env else ended.out + ended.err
        assert printed, arguments
        assert harm(printed) == [], (arguments, ended.code)
        assert "Traceback" not in printed, arguments


APP = """
import logging, time
from pooljobs import PoolJobs

app = PoolJobs()
HOSTILE = {hostile!r}

@app.job(name="broken" + HOSTILE)
def broken(text: str) -> None:
    logging.getLogger("shop").info("hello %s", text)
    raise ValueError(text)

@app.job(name="slow" + HOSTILE)
def slow(seconds: int) -> None:
    time.sleep(seconds)
"""


@pytest.mark.hazard("Text of whoever may enqueue reaches the terminal as escapes")
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_of_the_log_is_forged(dsn: str, connection: Connection[Any], tmp_path: Path, form: str) -> None:
    (tmp_path / "hostile_app.py").write_text(APP.format(hostile=HOSTILE))
    enqueue = "SELECT pooljobs.enqueue(%s, jsonb_build_object(%s::text, %s::jsonb), trace_id => %s, max_retries => 1)"
    for job_type, name, value in (
        ("broken" + HOSTILE, "text", Jsonb(HOSTILE)),
        ("broken" + HOSTILE, HOSTILE, Jsonb(HOSTILE)),
        ("unknown" + HOSTILE, "text", Jsonb(1)),
        ("slow" + HOSTILE, "seconds", Jsonb(60)),
    ):
        connection.execute(enqueue, (job_type, name, value, HOSTILE))
    options = ("--log-format", form, "--log-level", "debug", "--log-jobs", "all", "--unknown-after", "0")
    with Serving(dsn, tmp_path / "log", *options, app="hostile_app:app", env={"PYTHONPATH": str(tmp_path)}) as fleet:
        wait_until(lambda: counts(connection) == {"running": 1, "failed": 3}, what="all but one to have failed")
        fleet.signal(signal.SIGUSR1)
        wait_until(lambda: "memory in all" in fleet.text, what="the table")
        text = fleet.text
        fleet.process.kill()
    assert "hello" in text
    assert "unknown" in text
    assert "runs" in text
    assert harm(text) == []
    if form == "json":
        assert all(json.loads(line)["ts"] for line in text.splitlines())
    else:
        assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} |    ", line) for line in text.splitlines())
