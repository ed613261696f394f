"""The commands as a user runs them, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from rich.cells import cell_len

from pooljobs.exit_codes import ExitCode
from pooljobs.job.verdict import Verdict
from tests.support.claims import claim, insert, register, scalar, settle_all
from tests.support.command import environment, pooljobs
from tests.support.on_terminal import Terminal

APP = """
from pooljobs import PoolJobs
app = PoolJobs()

@app.job(queue="emails", max_retries=5)
def send(to: str) -> None: ...
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with an application in it."""
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


def failed_job(connection: Connection[Any], error: str = "ValueError: no") -> UUID:
    insert(connection, job_type="send", max_retries=1)
    [held] = claim(connection, register(connection)) or []
    assert settle_all(connection, held.settled(Verdict.FAILED, error=error)) == set()
    return held.id


def test_migrate_then_again(empty_dsn: str) -> None:
    first = pooljobs("migrate", dsn=empty_dsn)
    assert first.code == 0
    assert "applied 0100_tables" in first.out
    assert "up to date" in pooljobs("migrate", dsn=empty_dsn).out
    again = pooljobs("migrate", "--json", dsn=empty_dsn).json
    assert (again["applied"], again["schema"]) == ([], "pooljobs")


def test_migrate_check_applies_nothing_and_tells_by_its_exit_code(empty_dsn: str) -> None:
    before = pooljobs("migrate", "--check", dsn=empty_dsn)
    assert (before.code, before.err) == (ExitCode.NOT_MIGRATED, "")
    assert "pending 0100_tables" in before.out
    assert pooljobs("migrate", "--check", "--json", dsn=empty_dsn).json["pending"][0] == "0100_tables"
    assert pooljobs("migrate", dsn=empty_dsn).code == 0
    after = pooljobs("migrate", "--check", dsn=empty_dsn)
    assert (after.code, "up to date" in after.out) == (0, True)


@pytest.mark.parametrize("command", [["jobs", "list"], ["stats"], ["enqueue", "x"], ["jobs", "show", "0198"]])
def test_an_unmigrated_database_is_never_migrated_silently(empty_dsn: str, command: list[str]) -> None:
    ended = pooljobs(*command, dsn=empty_dsn)
    assert (ended.code, ended.out) == (ExitCode.NOT_MIGRATED, "")
    assert "pooljobs migrate" in ended.err
    assert "Traceback" not in ended.err


def test_enqueue_by_the_apps_declaration(dsn: str, folder: Path, connection: Connection[Any]) -> None:
    options = ("--payload", '{"to": "a@b"}', "--app", "shop", "--delay", "60", "--priority", "-1", "--trace-id", "t")
    ended = pooljobs("enqueue", "send", *options, dsn=dsn, cwd=folder)
    assert ended.code == 0, ended.err
    row = connection.execute(
        "SELECT id, queue, max_retries, payload->>'to', priority, trace_id, run_at > now() + interval '30 s'"
        " FROM pooljobs.live"
    ).fetchone()
    assert row == (UUID(ended.out.strip()), "emails", 5, "a@b", -1, "t", True)


def test_a_payload_field_by_field_and_times_as_people_write_them(dsn: str, connection: Connection[Any]) -> None:
    later = pooljobs("enqueue", "send", "to=a@b", "copies:=2", "--delay", "1h30m", dsn=dsn)
    then = pooljobs("enqueue", "send", "--run-at", "2099-12-24T18:00+01:00", dsn=dsn)
    assert (later.code, then.code) == (0, 0), later.err + then.err
    rows = connection.execute(
        "SELECT id, payload, run_at - created_at BETWEEN '89 min' AND '91 min', run_at = '2099-12-24T17:00Z'"
        " FROM pooljobs.jobs ORDER BY run_at"
    ).fetchall()
    first, second = UUID(later.out.strip()), UUID(then.out.strip())
    assert rows == [(first, {"to": "a@b", "copies": 2}, True, False), (second, {}, False, True)]


def test_tags_and_meta_and_what_a_hook_puts_in(dsn: str, folder: Path, connection: Connection[Any]) -> None:
    hook = "\n@app.on_enqueue\ndef mark(job):\n    return job._replace(tags=(*job.tags, 'hooked'), trace_id='t')\n"
    (folder / "hooked.py").write_text(APP + hook)
    given = ("enqueue", "send", "to=a", "--tag", "import", "--tag", "acme", "--meta", "customer:=7", "--meta", "by=Ada")
    for app in ((), ("--app", "hooked")):
        ended = pooljobs(*given, *app, dsn=dsn, cwd=folder)
        assert ended.code == 0, ended.err
    meta = {"customer": 7, "by": "Ada"}
    rows = connection.execute("SELECT tags, meta, trace_id FROM pooljobs.live ORDER BY id").fetchall()
    assert rows == [(["import", "acme"], meta, None), (["import", "acme", "hooked"], meta, "t")]


def test_enqueue_by_the_published_declaration(dsn: str, connection: Connection[Any]) -> None:
    connection.execute("INSERT INTO pooljobs.job_types VALUES ('send', 'published', 7, 'fixed', 1)")
    job_id = pooljobs("enqueue", "send", "--payload", "-", "--json", dsn=dsn, stdin='{"n": 1}').json["id"]
    query = "SELECT queue, max_retries, run_at <= now() FROM pooljobs.live WHERE id = %s"
    assert connection.execute(query, (job_id,)).fetchone() == ("published", 7, True)
    pooljobs("enqueue", "send", "--queue", "mine", "--max-retries", "2", dsn=dsn)
    assert connection.execute("SELECT queue, max_retries FROM pooljobs.live ORDER BY id DESC").fetchone() == ("mine", 2)


def test_a_type_that_nobody_ever_declared_is_stored_with_a_warning_once_others_are_declared(
    dsn: str, folder: Path, connection: Connection[Any]
) -> None:
    """Before the first fleet has started nothing is known of any type."""
    assert "declared" not in pooljobs("enqueue", "snd", dsn=dsn).err
    declare_type = "INSERT INTO pooljobs.job_types VALUES (%s, 'default', 3, 'fixed', 1)"
    for job_type in ("send", "receive"):
        connection.execute(declare_type, (job_type,))
    ended = pooljobs("enqueue", "snd", "--json", dsn=dsn)
    assert (ended.code, ended.json["job_type"]) == (0, "snd")
    assert "declared the job type 'snd': the job waits for one that does; did you mean send ?" in ended.err
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE job_type = 'snd'") == 2
    assert "declared" not in pooljobs("enqueue", "send", dsn=dsn).err
    connection.execute("DELETE FROM pooljobs.job_types WHERE job_type = 'send'")
    assert "no worker has ever declared the job type 'x'" in pooljobs("enqueue", "x", dsn=dsn).err
    assert "declared" not in pooljobs("enqueue", "send", "-p", '{"to": "a"}', "--app", "shop", dsn=dsn, cwd=folder).err


def test_an_alias_on_the_command_line_means_its_handler(dsn: str, folder: Path, connection: Connection[Any]) -> None:
    (folder / "renamed.py").write_text(APP.replace("@app.job(", "@app.job(aliases=('mail', 'post'), ", 1))
    ended = pooljobs("enqueue", "post", "-p", '{"to": "a@b"}', "--app", "renamed", "--json", dsn=dsn, cwd=folder)
    assert ended.json["job_type"] == "send", ended.err
    assert connection.execute("SELECT job_type, queue FROM pooljobs.live").fetchone() == ("send", "emails")


def test_a_refused_job_that_waits_says_so(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, job_type="send")
    [held] = claim(connection, register(connection)) or []
    refusal = held.settled(Verdict.REFUSED, error="refused by this worker's code: x", delay=600.0, started_ns=0)
    assert settle_all(connection, refusal) == set()
    listed = pooljobs("jobs", "list", dsn=dsn, env={"COLUMNS": "200"}).out
    assert "refused, next try in" in listed
    shown = pooljobs("jobs", "show", str(held.id), dsn=dsn, env={"COLUMNS": "200"}).out
    assert "by the workers' code since" in shown
    assert "next try in" in shown
    assert "refused by this worker's code: x" in shown
    assert pooljobs("jobs", "list", "--json", dsn=dsn).json[0]["refused_for"] >= 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["send", "--app", "shop", "--payload", '{"too": 1}'], ExitCode.USAGE, "too"),
        (["sent", "--app", "shop"], ExitCode.NOT_FOUND, "did you mean send"),
        (["send", "--app", "nowhere_to_be_found"], ExitCode.APP, "cannot find"),
        (["send", "--payload", "{to: 1}"], ExitCode.USAGE, "quote it"),
        (["send", "--payload", '{"a": "\\u0000"}'], ExitCode.USAGE, "payload.a"),
        (["send", "--priority", "9"], ExitCode.USAGE, "priority"),
        (["send", "--delay", "-1"], ExitCode.USAGE, "delay"),
        (["send", "--delay", "soon"], ExitCode.USAGE, "1h30m"),
        (["send", "--run-at", "soon"], ExitCode.USAGE, "2026-12-24T18:00"),
        (["send", "--run-at", "2099-01-01", "--delay", "1h"], ExitCode.USAGE, "exclude each other"),
        (["send", "--app", "shop", "too=1"], ExitCode.USAGE, "too"),
        (["send", "to"], ExitCode.USAGE, "name=Ada"),
        (["send", "to=a", "-p", "{}"], ExitCode.USAGE, "given twice"),
        (["", "--queue", "q"], ExitCode.USAGE, "job type"),
    ],
)
def test_a_refused_enqueue_stores_nothing(
    dsn: str, folder: Path, arguments: list[str], code: ExitCode, told: str
) -> None:
    ended = pooljobs("enqueue", *arguments, dsn=dsn, cwd=folder)
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert told in ended.err
    with psycopg.connect(dsn) as connection:
        assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


def test_list_show_and_retry(dsn: str, connection: Connection[Any]) -> None:
    job_id = failed_job(connection, "ValueError: [red]no[/red]\n\nTraceback: here")
    listed = pooljobs("jobs", "list", dsn=dsn).out
    assert str(job_id) in listed
    assert "ValueError: [red]no[/red]" in listed
    assert [job["id"] for job in pooljobs("jobs", "list", "--status", "failed", "--json", dsn=dsn).json] == [
        str(job_id)
    ]
    shown = pooljobs("jobs", "show", str(job_id)[:30], dsn=dsn).out
    assert "Traceback: here" in shown
    assert pooljobs("jobs", "show", str(job_id), "--json", dsn=dsn).json["last_error"].startswith("ValueError")
    assert "pending again" in pooljobs("jobs", "retry", str(job_id), dsn=dsn).out
    again = pooljobs("jobs", "retry", str(job_id), "ffffffff-ffff", dsn=dsn)
    assert (again.code, again.out) == (ExitCode.REFUSED, "")
    assert "is pending" in again.err
    assert "no job has the id ffffffff-ffff" in again.err


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
def test_an_id_may_be_named_by_13_characters_and_not_by_fewer_or_for_two(
    dsn: str, connection: Connection[Any], command: str
) -> None:
    twins = [UUID(int=(0xABCDABCDABCD << 80) + last) for last in (1, 2)]
    for twin in twins:
        insert(connection, id=twin)
    insert(connection, id=UUID(int=(0xABCDABCDABCE << 80) + 1), job_type="send")
    if command == "retry":
        pooljobs("jobs", "cancel", "ABCDABCD-ABCE", dsn=dsn)
    named = pooljobs("jobs", command, "ABCDABCD-ABCE", dsn=dsn)
    assert (named.code, "abcdabcd-abce-0000" in named.out) == (0, True), named.err
    both = pooljobs("jobs", command, "abcdabcd-abcd", dsn=dsn)
    assert (both.code, both.out) == (ExitCode.NOT_FOUND, "")
    assert f"name one: {twins[0]}, {twins[1]}" in both.err
    short = pooljobs("jobs", command, "abcdabcd-abc", dsn=dsn)
    assert (short.code, short.out) == (ExitCode.USAGE, "")
    assert "too short" in short.err
    assert "13 characters" in short.err


def test_jobs_as_json_have_all_numbers_whole_even_for_readers_that_round_them(
    dsn: str, connection: Connection[Any]
) -> None:
    scalar(
        connection,
        "SELECT pooljobs.enqueue('send', %s::jsonb)",
        '{"n": 12345678901234567890.10, "b": 9007199254740993}',
    )
    worker = next(id_ for id_ in iter(lambda: register(connection), None) if float(id_) != id_)
    [held] = claim(connection, worker) or []
    listed, shown = (
        pooljobs("jobs", "list", "--json", dsn=dsn),
        pooljobs("jobs", "show", str(held.id), "--json", dsn=dsn),
    )
    for ended in (listed, shown):
        read = json.loads(ended.out, parse_int=float)
        job = read[0] if isinstance(read, list) else read
        where = (job["worker_id"], job["worker_host"], job["worker_pid"], job["worker_ordinal"])
        assert where == (str(worker), "test", 1, 1)
        assert '"n": 12345678901234567890.10' in ended.out
        assert '"b": 9007199254740993' in ended.out
    assert set(shown.json) - set(listed.json[0]) <= {"cancel_requested_ago"}, "what a listing lacks"


@pytest.mark.parametrize("width", [80, 120])
def test_a_listing_fits_a_terminal_with_whole_ids(dsn: str, connection: Connection[Any], width: int) -> None:
    ids = [failed_job(connection, f"ValueError: {'nothing ' * 30}")]
    ids += [
        scalar(connection, "SELECT pooljobs.enqueue(%s, queue => %s)", job_type, job_type[::-1])
        for job_type in ("send_the_monthly_report_to_everybody", "\u6570" * 60)
    ]
    with Terminal("jobs", "list", env={"DATABASE_URL": dsn}, width=width) as terminal:
        assert terminal.ended() == 0
        lines = [line.rstrip() for line in terminal.screen()]
    table = lines[: next(at for at, line in enumerate(lines) if line.startswith("no worker serves"))]
    assert {line[:36] for line in table if line[8:9] == "-"} == {str(id_) for id_ in ids}
    assert max(map(cell_len, table)) <= width
    assert "\u2026" in "".join(table)


def test_one_refused_id_does_not_hold_back_the_others(dsn: str, connection: Connection[Any]) -> None:
    job_id = failed_job(connection)
    ended = pooljobs("jobs", "retry", "ffffffff-ffff", str(job_id), "--json", dsn=dsn)
    assert ended.code == ExitCode.NOT_FOUND
    assert ended.json["retried"] == [str(job_id)]


def test_empty_answers_say_so(dsn: str) -> None:
    assert "no jobs yet" in pooljobs("jobs", "list", dsn=dsn).err
    assert "no job matches" in pooljobs("jobs", "list", "--status", "failed", dsn=dsn).err
    assert pooljobs("jobs", "list", "--json", dsn=dsn).json == []
    assert "nothing waits" in pooljobs("stats", dsn=dsn).err


def test_stats(dsn: str, connection: Connection[Any]) -> None:
    failed_job(connection)
    insert(connection, 3, queue="emails")
    text = pooljobs("stats", dsn=dsn).out
    assert [line.split()[0] for line in text.splitlines()] == ["queue", "default", "emails"]
    [row] = pooljobs("stats", "--queue", "emails", "--json", dsn=dsn).json
    assert (row["pending"], row["due"]) == (3, 3)


@pytest.mark.parametrize(
    ("dsn_", "code"),
    [
        ("host=/no/such/place", ExitCode.DATABASE_UNREACHABLE),
        ("host=127.0.0.1 port=1", ExitCode.DATABASE_UNREACHABLE),
        ("postgresql://[broken", ExitCode.USAGE),
    ],
)
def test_a_database_that_is_not_there_is_two_lines_and_an_exit_code(dsn_: str, code: ExitCode) -> None:
    ended = pooljobs("jobs", "list", "--dsn", dsn_)
    assert ended.code == code
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 2
    assert "Traceback" in pooljobs("jobs", "list", "--dsn", dsn_, "--traceback").err


def test_errors_are_red_where_colour_is_wanted() -> None:
    ended = pooljobs("jobs", "list", "--dsn", "host=/no/such/place", env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert "\x1b[1;31merror: \x1b[0m" in ended.err


def test_a_reader_that_leaves_early_is_no_error(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 3000)
    register(connection)
    command = f"{sys.executable} -m pooljobs jobs list --limit 3000 | head -n 1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", command], env=environment({"DATABASE_URL": dsn}), capture_output=True, text=True, check=True
    )
    head, code = ended.stdout.splitlines()
    assert head.startswith("id ")
    assert (code, ended.stderr) == ("0", "")
