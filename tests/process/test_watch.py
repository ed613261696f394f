"""``pooljobs stats --watch``: in place on a terminal, in blocks or lines elsewhere, and through outages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from rich.cells import cell_len

from pooljobs.exit_codes import ExitCode
from pooljobs.job.verdict import Verdict
from tests.support.claims import claim, insert, register, settle_all
from tests.support.command import environment, pooljobs
from tests.support.cut_line import line_to
from tests.support.on_terminal import CTRL_C, Terminal
from tests.support.waiting import wait_until

CURSOR = ("\x1b[?25l", "\x1b[?25h")
INTERRUPTED, TERMINATED = 130, 143


def end(connection: Connection[Any], jobs: int, verdict: Verdict = Verdict.COMPLETED) -> None:
    insert(connection, jobs)
    held = claim(connection, register(connection)) or []
    assert not settle_all(connection, *(job.settled(verdict, error="x") for job in held))


class Watching:
    """What a watch that goes into a pipe has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process = process
        self._out, self._err = out, err

    @property
    def out(self) -> str:
        return self._out.read_text("utf-8")

    @property
    def err(self) -> str:
        return self._err.read_text("utf-8")

    @property
    def objects(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines(keepends=True) if line.endswith("\n")]

    def interrupted(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def watching(dsn: str, tmp_path: Path, *options: str) -> Iterator[Watching]:
    out, err = tmp_path / "out", tmp_path / "err"
    command = [sys.executable, "-m", "pooljobs", "stats", "--watch", *options]
    with out.open("wb") as to, err.open("wb") as errors:
        process = subprocess.Popen(command, stdout=to, stderr=errors, env=environment({"DATABASE_URL": dsn}))
    try:
        yield Watching(process, out, err)
    finally:
        process.kill()
        process.wait()


def counted(objects: Sequence[Any], status: str) -> float:
    """What the rates make in all."""
    return float(sum(row[f"{status}_per_second"] * each["seconds"] for each in objects[1:] for row in each["queues"]))


def test_as_json_each_look_is_a_line_and_the_rates_make_what_ended(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    end(connection, 5)
    with watching(dsn, tmp_path, "0.1", "--json") as watch:
        wait_until(lambda: len(watch.objects) >= 2, what="two looks")
        end(connection, 7)
        end(connection, 2, Verdict.FAILED)
        insert(connection, 3, queue="nobody's")
        wait_until(lambda: counted(watch.objects, "completed") > 6.9, what="the completed ones")
        wait_until(lambda: counted(watch.objects, "failed") > 1.9, what="the failed ones")
        seen = len(watch.objects)
        wait_until(lambda: len(watch.objects) > seen + 1, what="another look")
        assert (watch.interrupted(), watch.err) == (INTERRUPTED, "")
        objects = watch.objects
    assert round(counted(objects, "completed"), 6) == 7
    assert round(counted(objects, "failed"), 6) == 2
    assert (objects[0]["seconds"], objects[0]["queues"][0]["completed_per_second"]) == (None, None)
    assert sorted(each["at"] for each in objects) == [each["at"] for each in objects]
    rows = {row["queue"]: row for row in objects[-1]["queues"]}
    assert (rows["nobody's"]["workers"], rows["nobody's"]["due"], rows["default"]["workers"]) == (0, 3, 3)


def test_into_a_pipe_each_look_is_a_block(dsn: str, connection: Connection[Any], tmp_path: Path) -> None:
    with watching(dsn, tmp_path, "0.1") as watch:
        wait_until(lambda: "nothing waits or runs" in watch.out, what="a first look")
        insert(connection, 3, queue="mails")
        wait_until(lambda: watch.out.count("mails ") >= 2, what="two blocks with a row")
        assert (watch.interrupted(), watch.err) == (INTERRUPTED, "")
        *_, block = (block for block in watch.out.split("\n\n") if block)
    at, titles, row = block.splitlines()
    assert at.endswith(" UTC")
    assert titles.split()[:4] == ["queue", "workers", "pending", "due"]
    assert row.split()[:4] == ["mails", "0", "3", "3"]


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_it_is_shown_in_place(dsn: str, connection: Connection[Any], width: int) -> None:
    insert(connection, 2, queue="mails")
    with Terminal("stats", "--watch", "0.2", env={"DATABASE_URL": dsn}, width=width) as terminal:
        wait_until(lambda: is_told(terminal.screen(), "mails", 2), what="the queue")
        insert(connection, 3, queue="mails")
        wait_until(lambda: is_told(terminal.screen(), "mails", 5), what="what came in between")
        terminal.press(CTRL_C)
        assert terminal.ended() == INTERRUPTED
        lines = [line for line in terminal.screen() if line.strip()]
        assert terminal.printed.count(CURSOR[0]) == terminal.printed.count(CURSOR[1]) == 1
    assert len([line for line in lines if line.startswith("queue ")]) == 1, "one table, and the last one stays"
    assert any(line.startswith("mails ") for line in lines)
    assert max(map(cell_len, lines)) <= width
    assert "Traceback" not in "".join(lines)


def is_told(lines: Sequence[str], queue: str, pending: int) -> bool:
    return any(line.split()[:3:2] == [queue, str(pending)] for line in lines)


def test_ended_by_a_signal_it_gives_the_cursor_back(dsn: str) -> None:
    with Terminal("stats", "--watch", env={"DATABASE_URL": dsn}) as terminal:
        wait_until(lambda: "nothing waits" in terminal.printed, what="a first look")
        terminal.process.terminate()
        assert terminal.ended() == TERMINATED
        assert terminal.printed.count(CURSOR[0]) == terminal.printed.count(CURSOR[1]) == 1


def test_more_queues_than_lines_are_those_with_most_due(dsn: str, connection: Connection[Any]) -> None:
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, queue) SELECT 'a', 'q' || n FROM generate_series(10, 39) AS n,"
        " generate_series(1, n)"
    )
    with Terminal("stats", "--watch", "0.2", env={"DATABASE_URL": dsn}, height=10) as terminal:
        wait_until(lambda: "every" in terminal.printed, what="a first look")
        terminal.press(CTRL_C)
        terminal.ended()
        lines = terminal.screen()
    assert [line.split()[0] for line in lines if line.startswith("q") and "queue" not in line] == [
        f"q{number}" for number in range(34, 40)
    ]
    assert any("and 24 more queues" in line for line in lines)


def test_an_outage_is_told_of_once_and_outlived(dsn: str, connection: Connection[Any], tmp_path: Path) -> None:
    with line_to(dsn) as line, watching(line.dsn, tmp_path, "0.1", "--json") as watch:
        wait_until(lambda: len(watch.objects) >= 2, what="two looks")
        line.cut()
        end(connection, 4)
        wait_until(lambda: "away" in watch.err, what="the outage to be told")
        seen = len(watch.objects)
        line.mend()
        wait_until(lambda: len(watch.objects) > seen, what="a look after it")
        assert round(counted(watch.objects, "completed"), 6) == 4, "they ended meanwhile"
        assert watch.interrupted() == INTERRUPTED
        first, second = watch.err.splitlines()
    assert first.startswith("the database is away, and is tried again: ")
    assert second == "the database is back"


def test_where_the_first_look_cannot_be_taken_it_ends_as_any_command() -> None:
    ended = pooljobs("stats", "--watch", "--dsn", "host=/no/such/place")
    assert (ended.code, ended.err.startswith("error: ")) == (ExitCode.DATABASE_UNREACHABLE, True)


def test_a_reader_that_leaves_ends_it(dsn: str) -> None:
    command = f"{sys.executable} -m pooljobs stats --watch 0.1 --json | head -n 2; echo ${{PIPESTATUS[0]}}"
    env = environment({"DATABASE_URL": dsn})
    ended = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=True, timeout=60)
    assert (ended.stdout.splitlines()[-1], len(ended.stdout.splitlines()), ended.stderr) == ("0", 3, "")


@pytest.mark.parametrize("wrong", ["0", "-1", "nan", "inf"])
def test_seconds_that_are_none_are_refused(dsn: str, wrong: str) -> None:
    ended = pooljobs("stats", "--watch", wrong, dsn=dsn)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "0.1 seconds or more" in ended.err
