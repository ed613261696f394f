"""stdout and stderr as people have them: full, closed, unread, of another character set. Never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from tests.support.command import environment, pooljobs

ID = "00000001-0000-7000-8000-000000000000"
NAME = "größe 数 \U0001f600"
PRINTING = [
    ["--version"],
    ["stats", "--help"],
    ["jobs", "--help"],
    ["jobs", "list"],
    ["jobs", "show", ID, "--json"],
    ["enqueue", "x"],
    ["jobs", "cancel", ID],
]

_FULL = Path("/dev/full")


@contextmanager
def _without_reader() -> Iterator[IO[bytes]]:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as opened:
        yield opened


def _ended(
    *arguments: str,
    dsn: str,
    shell: str = "",
    env: dict[str, str] | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.CompletedProcess[bytes]:
    """``shell``: redirections as the shell writes them."""
    wrapped = ["sh", "-c", f'exec "$@" {shell}', "sh"] if shell else []
    return subprocess.run(
        [*wrapped, sys.executable, "-m", "pooljobs", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=environment({"DATABASE_URL": dsn, **(env or {})}),
        timeout=120,
        check=False,
    )


@pytest.fixture
def filled(dsn: str, connection: Connection[Any]) -> str:
    """A database with a job to show."""
    connection.execute(
        "INSERT INTO pooljobs.live (id, job_type, queue, payload) VALUES (%s, %s, %s, jsonb_build_object(%s::text, 1))",
        (ID, NAME, NAME, NAME),
    )
    return dsn


@pytest.mark.hazard("A command ends by a traceback")
@pytest.mark.skipif(not _FULL.exists(), reason="Linux only")
@pytest.mark.parametrize("command", PRINTING, ids=" ".join)
def test_a_full_disk_is_one_line_and_an_exit_code(filled: str, command: list[str]) -> None:
    with _FULL.open("wb") as full:
        ended = _ended(*command, dsn=filled, stdout=full)
    assert (ended.returncode, b"Traceback" in ended.stderr) == (ExitCode.OUTPUT, False)
    assert b"cannot write to stdout: No space left on device" in ended.stderr
    assert ended.stderr.count(b"\n") == 1


@pytest.mark.hazard("A command ends by a traceback")
@pytest.mark.parametrize("command", [["stats", "--help"], ["jobs", "show", ID], ["enqueue", "x"]], ids=" ".join)
def test_a_stdout_that_was_closed_is_one_too_and_no_connection_takes_its_number(
    filled: str, command: list[str]
) -> None:
    ended = _ended(*command, dsn=filled, shell=">&-")
    assert (ended.returncode, b"Traceback" in ended.stderr) == (ExitCode.OUTPUT, False)
    assert ended.stderr.endswith(b"error: cannot write to stdout: Bad file descriptor\n")


@pytest.mark.parametrize("command", [["stats", "--help"], ["jobs", "show", ID, "--json"]], ids=" ".join)
def test_a_reader_that_has_gone_ends_a_command_silently(filled: str, command: list[str]) -> None:
    with _without_reader() as pipe:
        ended = _ended(*command, dsn=filled, stdout=pipe)
    assert (ended.returncode, ended.stderr) == (ExitCode.OK, b"")


@pytest.mark.parametrize("shell", ["2>&-", pytest.param("2>/dev/full", marks=pytest.mark.long), "2>&- >&- <&-"])
def test_what_is_told_on_stderr_is_lost_where_nobody_takes_it(filled: str, shell: str) -> None:
    assert _ended("jobs", "show", "ffffffff-ffff", dsn=filled, shell=shell).returncode == ExitCode.NOT_FOUND
    assert _ended("jobs", "list", "--limit", "x", dsn=filled, shell=shell).returncode == ExitCode.USAGE
    with _without_reader() as pipe:
        assert _ended("jobs", "show", "ffffffffffff", dsn=filled, stderr=pipe).returncode == ExitCode.NOT_FOUND


def test_a_closed_stdin_is_no_payload(filled: str) -> None:
    ended = _ended("enqueue", "x", "--payload", "-", dsn=filled, shell="<&-")
    assert ended.returncode == ExitCode.USAGE
    assert b"cannot read the payload from stdin" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("encoding", [pytest.param("latin-1", marks=pytest.mark.long), "ascii", "utf-8"])
def test_a_stream_takes_what_it_has_characters_for(filled: str, encoding: str) -> None:
    env = {"PYTHONIOENCODING": encoding}
    shown = _ended("jobs", "show", ID, dsn=filled, env=env)
    assert (shown.returncode, shown.stderr.startswith(b"no worker serves the queue")) == (0, True)
    assert NAME.encode(encoding, "backslashreplace") in shown.stdout
    told = _ended("jobs", "show", ID, "--json", dsn=filled, env=env)
    job = json.loads(told.stdout.decode(encoding))
    assert (job["queue"], job["payload"]) == (NAME, {NAME: 1})
    assert _ended("jobs", "show", NAME, dsn=filled, env=env).returncode == ExitCode.USAGE


NUMBERS = '{"n": [' + ", ".join(["9" * 30, "9" * 9000, "1e400", "0.1000000000000000055511151231257827"]) + "]}"


@pytest.mark.hazard(
    "The job that failed for its strange payload cannot be shown for it",
    closed="payloads are shown from their text, and nothing is built of it "
    "(`supervisor/pooljobs_cli/output/json_text.py`)",
    area="output",
)
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param('{"n": ' + "[" * 3000 + "]" * 3000 + "}", id="3000 levels"),
        pytest.param('{"n": ' * 3000 + "1" + "}" * 3000, id="3000 objects", marks=pytest.mark.long),
        pytest.param(NUMBERS, id="numbers"),
        pytest.param("9" * 5000, id="no object"),
    ],
)
def test_a_payload_that_no_reader_takes_is_shown_as_the_database_has_it(
    dsn: str, connection: Connection[Any], payload: str
) -> None:
    row = connection.execute(
        "INSERT INTO pooljobs.live (id, job_type, payload) VALUES (%s, 'x', %s::jsonb) RETURNING payload::text",
        (ID, payload),
    ).fetchone()
    assert row is not None
    raw = pooljobs("jobs", "show", ID, "--json", dsn=dsn)
    assert (raw.code, raw.err) == (0, "")
    assert f'"payload":{row[0]},' in raw.out
    shown = pooljobs("jobs", "show", ID, dsn=dsn)
    assert (shown.code, "Traceback" in shown.err) == (0, False)
    assert "".join(row[0].split()) in "".join(shown.out.split())
    assert pooljobs("jobs", "list", dsn=dsn).code == 0
