"""How commands end that cannot do what they were told: one exit code for each reason, for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.main import run
from pooljobs_cli.serving.launch import WorkerMain
from tests.docs.blocks import ROOT
from tests.support.claims import insert, scalar

WRONG: list[list[str]] = [
    ["--no-such-option"],
    ["no-such-command"],
    ["jobs"],
    ["jobs", "no-such-command"],
    ["jobs", "list", "--limit"],
    ["jobs", "list", "--limit", "many"],
    ["jobs", "list", "--limit", "0"],
    ["jobs", "list", "--status", "gone"],
    ["jobs", "list", "surplus"],
    ["jobs", "show"],
    ["jobs", "show", "no-id"],
    ["jobs", "show", "01981f0e"],
    ["jobs", "retry", "no-id"],
    ["jobs", "cancel", "no-id"],
    ["enqueue"],
    ["enqueue", ""],
    ["enqueue", "x", "--payload", "{"],
    ["enqueue", "x", "--payload", "@/no/such/file"],
    ["enqueue", "x", "--payload", '"\\u0000"'],
    ["enqueue", "x", "field"],
    ["enqueue", "x", "n:=one"],
    ["enqueue", "x", "n=1", "n=2"],
    ["enqueue", "x", "n=1", "--payload", "{}"],
    ["enqueue", "x", "--delay", "soon"],
    ["enqueue", "x", "--delay", "-1"],
    ["enqueue", "x", "--delay", "nan"],
    ["enqueue", "x", "--run-at", "soon"],
    ["enqueue", "x", "--run-at", "2099-01-01", "--delay", "1"],
    ["enqueue", "x", "--priority", "9"],
    ["enqueue", "x", "--priority", "1.5"],
    ["enqueue", "x", "--max-retries", "0"],
    ["enqueue", "x", "--queue", ""],
    ["enqueue", "x", "--tag", ""],
    ["enqueue", "x", "--tag", "t" * 65],
    ["enqueue", "x", *(word for number in range(17) for word in ("--tag", str(number)))],
    ["enqueue", "x", "--meta", "customer"],
    ["enqueue", "x", "--meta", "n:=one"],
    ["enqueue", "x", "--meta", "n=1", "--meta", "n=2"],
    ["enqueue", "x", "--meta", f"n={'x' * 5000}"],
    ["enqueue", "x", "--meta", 'n:="\\u0000"'],
    ["enqueue", "x", "--meta", "n=\udcff"],
    ["stats", "--limit", "0"],
    ["stats", "--schema", ""],
    ["migrate", "--check", "--schema", "x" * 70],
    ["grant", "somebody", "--as", "owner"],
    ["grant", "", "--as", "viewer"],
    ["serve"],
    ["serve", "--app", "a:b", "--procs", "0"],
    ["serve", "--app", "a:b", "--procs", "two"],
    ["serve", "--app", "a:b", "--queues", "emails*"],
    ["serve", "--app", "a:b", "--queues", "emails:many"],
    ["serve", "--app", "a:b", "--poll-interval", "nan"],
    ["serve", "--app", "a:b", "--log-level", "loud"],
    ["serve", "--app", "a:b", "--durability", "some"],
    ["serve", "--app", "a:b", "--pooler", "transaction"],
    ["demo", "--procs", "0"],
    ["bench", "--jobs", "1"],
    ["chaos", "--only", "no-such-harm"],
    ["chaos", "--storm", "no-such-storm"],
    ["chaos", "--beside", "/no/such/file"],
    *([*command, "--dsn", "mysql://h/d"] for command in (["jobs", "list"], ["stats"], ["enqueue", "x"], ["migrate"])),
    *([*command, "--dsn", "host=h port=0"] for command in (["jobs", "show", "01981f0e-5b1a"], ["bench", "--yes"])),
]


def no_worker() -> WorkerMain:
    raise AssertionError("nothing is served here")


@pytest.fixture(autouse=True)
def _database(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.delenv("POOLJOBS_DSN", raising=False)


def told_as_json(arguments: Sequence[str], code: ExitCode, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The error of a command, after a look at what goes for all of them."""
    assert run([*arguments, "--json"], no_worker) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    told: dict[str, Any] = json.loads(captured.err)
    assert (set(told), told["exit_code"]) == ({"error", "hint", "exit_code"}, code)
    return told


@pytest.mark.parametrize("arguments", WRONG, ids=lambda words: " ".join(words)[:60])
def test_whatever_was_given_wrongly_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments, no_worker) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(re.findall(r"(?m)^error: ", captured.err)) == 1
    assert "Traceback" not in captured.err
    told = told_as_json(arguments, ExitCode.USAGE, capsys)
    spoiled = "--json" in told["error"] or arguments[-1] == "--limit"  # has no such option, or takes it for a value
    assert spoiled or told["error"].split("\n")[0] in captured.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["jobs", "show", "ffffffff-ffff"], ExitCode.NOT_FOUND),
        (["jobs", "retry", "ffffffff-ffff", "ffffffff-fff0"], ExitCode.NOT_FOUND),
        (["jobs", "cancel", "ffffffff-ffff"], ExitCode.NOT_FOUND),
        (["jobs", "list", "--dsn", "host=/no/such/place"], ExitCode.DATABASE_UNREACHABLE),
        (["stats", "--schema", "nowhere"], ExitCode.NOT_MIGRATED),
        (["enqueue", "x", "--schema", "nowhere"], ExitCode.NOT_MIGRATED),
        (["enqueue", "x", "--app", "no_such_module"], ExitCode.APP),
        (["bench", "--dsn", "host=/no/such/place"], ExitCode.DATABASE_UNREACHABLE),
    ],
    ids=str,
)
def test_what_else_goes_wrong_has_its_code_and_is_json_too(
    arguments: list[str], code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_as_json(arguments, code, capsys)
    assert told["error"]
    assert "Traceback" not in told["error"]


def test_a_job_that_is_in_no_state_for_it_is_refused(
    connection: Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    insert(connection)
    job_id = scalar(connection, "SELECT id FROM pooljobs.live")
    told = told_as_json(["jobs", "retry", str(job_id)], ExitCode.REFUSED, capsys)
    assert told["error"] == f"{job_id} is pending"


def test_of_several_ids_those_that_can_be_are_carried_out(
    connection: Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    insert(connection)
    job_id = scalar(connection, "SELECT id FROM pooljobs.live")
    assert run(["jobs", "cancel", "ffffffff-ffff", str(job_id), "zz", "--json"], no_worker) == ExitCode.NOT_FOUND
    captured = capsys.readouterr()
    assert [job["became"] for job in json.loads(captured.out)["jobs"]] == ["cancelled"]
    assert json.loads(captured.err)["error"] == "no job has the id ffffffff-ffff\n'zz' is not a job's id"


def test_the_traceback_is_in_the_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs", "show", "ffffffff-ffff", "--json", "--traceback"], no_worker) == ExitCode.NOT_FOUND
    assert json.loads(capsys.readouterr().err)["traceback"].startswith("Traceback")


def test_what_the_users_own_code_raised_is_in_the_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = f"broken_{uuid4().hex}"
    (tmp_path / f"{module}.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    assert run(["enqueue", "x", "--app", module, "--json"], no_worker) == ExitCode.APP
    assert "ZeroDivisionError" in json.loads(capsys.readouterr().err)["traceback"]


def test_a_payload_after_two_hyphens_does_not_ask_for_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["enqueue", "x", "--delay", "soon", "--", "--json=1"], no_worker) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("error: ")


def test_the_document_lists_them_all() -> None:
    section = (ROOT / "docs/running.md").read_text().partition("### Exit codes")[2].partition("\n## ")[0]
    listed = [int(code) for code in re.findall(r"(?m)^\| (\d+) \|", section)]
    assert listed == [*map(int, ExitCode), 130]
