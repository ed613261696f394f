"""Completion as shells ask for it: names at once and without a driver, values from the database that was named."""

from __future__ import annotations

import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from tests.support.claims import insert, scalar
from tests.support.command import environment

VALUES = ["jobs show ", "jobs list --queue ", "enqueue ", "serve --queues "]


def completed(line: str, env: Mapping[str, str] | None = None, shell: str = "bash") -> subprocess.CompletedProcess[str]:
    """What a shell hears for a line that is typed so far; its last word may be empty."""
    words = f"pooljobs {line}"
    variables = {
        "_POOLJOBS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(shlex.split(f"{words}x")) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    command = [sys.executable, "-m", "pooljobs"]
    return subprocess.run(
        command, env=environment({**variables, **(env or {})}), capture_output=True, text=True, timeout=60, check=False
    )


def values(line: str, env: Mapping[str, str] | None = None) -> list[str]:
    ended = completed(line, env)
    assert (ended.returncode, ended.stderr) == (0, "")
    return [each for each in ended.stdout.split("\n") if each]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("se", ["serve"]),
        ("jobs re", ["retry"]),
        ("serve --max-b", ["--max-batch-size", "--max-batch-bytes"]),
        ("serve --log-format ", ["text", "json"]),
        ("serve --app a:b --durability r", ["relaxed"]),
        ("grant somebody --as ", ["enqueuer", "worker", "viewer"]),
        ("jobs list --status failed,c", ["failed,completed", "failed,cancelled"]),
        ("nothing ", []),
    ],
)
def test_names_and_choices(line: str, wanted: list[str]) -> None:
    found = values(line)
    assert found == wanted if wanted else "serve" in found


@pytest.mark.parametrize(
    ("shell", "told"), [("zsh", """_arguments '*: :(("retry":"Puts failed"""), ("fish", "retry\tPuts failed")]
)
def test_other_shells_are_told_what_it_does_too(shell: str, told: str) -> None:
    assert completed("jobs ret", shell=shell).stdout.startswith(told)


def test_values_are_those_of_the_database(dsn: str, connection: Connection[Any]) -> None:
    declare = "INSERT INTO pooljobs.job_types VALUES (%s, %s, 3, 'fixed', 1)"
    for job_type, queue in (("send", "emails"), ("resize", "images"), ("two\nlines", "odd\nqueue")):
        connection.execute(declare, (job_type, queue))
    insert(connection, job_type="send")
    job_id = str(scalar(connection, "SELECT id FROM pooljobs.live"))
    named = {"DATABASE_URL": dsn}
    assert values("enqueue ", named) == ["resize", "send"]
    assert values("jobs list --queue em", named) == ["emails"]
    assert values("serve --queues emails,", named) == ["emails,default", "emails,images"]
    assert values(f"jobs cancel {job_id[:6]}", named) == [job_id]
    assert values("jobs retry ", named) == []
    assert values(f"jobs show --dsn {shlex.quote(dsn)} ") == [job_id]


@pytest.mark.parametrize("line", VALUES)
def test_where_no_database_was_named_none_is_started(line: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert values(line, {"POOLJOBS_DATA_DIR": str(data)}) in ([], ["default"])
    assert not data.exists()


@pytest.mark.parametrize("line", VALUES)
def test_a_database_that_refuses_is_no_word_in_the_line_that_is_typed(line: str, empty_dsn: str) -> None:
    assert values(line, {"DATABASE_URL": empty_dsn}) in ([], ["default"])
    assert values(line, {"DATABASE_URL": "no connection string"}) in ([], ["default"])


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dsn = f"postgresql://127.0.0.1:{server.getsockname()[1]}/x?connect_timeout=1000"
        ended = completed("jobs show ", {"DATABASE_URL": dsn})
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGALRM, "", "")


def in_bash(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    """What a script does in bash, which is found to be the shell then; ``$PROGRAM`` is the command."""
    bash = shutil.which("bash")
    assert bash is not None
    env = environment({"PROGRAM": str(Path(sys.executable).parent / "pooljobs"), "HOME": str(home)})
    command = [bash, "--norc", "-c", f"{script}\nexit $?"]  # not the last command, for which bash would make room
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_bash_completes_with_what_is_shown(tmp_path: Path) -> None:
    line = """
        eval "$($PROGRAM --show-completion)"
        COMP_WORDS=($PROGRAM jobs li); COMP_CWORD=2
        _pooljobs_completion $PROGRAM
        echo "${COMPREPLY[@]}"
    """
    done = in_bash(line, tmp_path)
    assert (done.stdout, done.stderr) == ("list\n", "")


def test_it_is_installed_and_what_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")
    done = in_bash("$PROGRAM --install-completion", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    before, line = (tmp_path / ".bashrc").read_text().splitlines()
    assert before == "alias ll='ls -l'"
    [script] = [each for each in tmp_path.rglob("*") if each.is_file() and each.name != ".bashrc"]
    assert str(script) in line
    assert "_pooljobs_completion" in script.read_text()


def test_a_home_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / ".bash_completions").write_text("a file")
    done = in_bash("$PROGRAM --install-completion", tmp_path)
    assert (done.returncode, done.stdout) == (ExitCode.REFUSED, "")
    assert done.stderr.startswith("error: cannot write ")
    assert "pooljobs --show-completion" in done.stderr
