"""``pooljobs schedules`` as a user runs it, and a fleet that runs what its application declares."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from tests.support.claims import scalar
from tests.support.command import Ended, pooljobs
from tests.support.serving import ROOT, Serving
from tests.support.waiting import wait_until


@pytest.fixture
def told(dsn: str) -> Any:
    def run(*arguments: str) -> Ended:
        return pooljobs("schedules", *arguments, dsn=dsn)

    return run


def test_from_its_beginning_to_its_end(told: Any, connection: Connection[Any]) -> None:
    assert "no schedules yet" in told("list").err
    added = told("add", "nightly", "report", "--cron", "0 3 * * *", "--tz", "Europe/Berlin", "--payload", '{"a": 1}')
    assert added.out == "nightly: At 03:00 every day, Europe/Berlin\n"
    assert told("add", "poll", "poll", "--every", "5m", "--overlap", "allow", "--json").json["became"] == "added"
    listed = told("list").out.splitlines()
    assert re.match(r"nightly +active +At 03:00 every day, Europe/Berlin +20\d\d-\d\d-\d\d 03:00\+0[12]00", listed[1])
    assert re.match(r"poll +active +Every 5 min", listed[2])
    assert told("edit", "nightly", "--cron", "30 4 * * 1-5").out.endswith("Monday through Friday, Europe/Berlin\n")
    assert told("pause", "nightly", "--reason", "a move").code == 0
    shown = told("show", "nightly").out
    assert re.search(r"state +paused", shown)
    assert re.search(r"reason +a move", shown)
    assert '"a": 1' in shown
    as_json = told("show", "nightly", "--json").json
    assert (as_json["state"], as_json["payload"], as_json["next_runs"]) == ("paused", {"a": 1}, [])
    assert told("resume", "nightly").code == 0
    assert len(told("show", "nightly", "--json").json["next_runs"]) == 3
    job = told("run-now", "nightly").out.strip()
    assert str(scalar(connection, "SELECT id FROM pooljobs.live")) == job
    assert told("remove", "nightly").code == 0
    for order in ("show", "pause", "resume", "run-now", "remove"):
        assert told(order, "nightly").code == ExitCode.NOT_FOUND


def test_what_is_wrong_is_told_with_a_cure_and_what_is_wrong_in_a_row_in_its_line(
    told: Any, connection: Connection[Any]
) -> None:
    wrong = told("add", "a", "report", "--cron", "0 25 * * *")
    assert (wrong.code, wrong.err) == (
        ExitCode.USAGE,
        "error: cron: '25' is no hour, in '0 25 * * *'\nhint: hours are 0 to 23: 3, 9-17, */6\n",
    )
    assert told("add", "a", "report").code == ExitCode.USAGE
    assert told("edit", "a", "--reset", "--every", "3").code == ExitCode.USAGE
    connection.execute(
        "INSERT INTO pooljobs.schedules (name, job_type, cron, next_at) VALUES ('a', 't', 'x', '-infinity')"
    )
    assert re.search(r"\na +failing +cron: 'x' has 1 fields", told("list").out)
    assert told("show", "a").code == 0
    reset = told("edit", "a", "--reset")
    assert (reset.code, reset.err) == (
        ExitCode.REFUSED,
        "error: no code declares the schedule 'a'\nhint: give it other times, as --cron or --every\n",
    )
    assert "the zone of --cron" in told("edit", "a", "--tz", "Asia/Tokyo").err


def test_a_fleet_enqueues_what_its_application_declares_and_its_handler_knows_the_tick(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    (tmp_path / "ticking.py").write_text(
        "from pooljobs import JobContext, PoolJobs\n"
        "app = PoolJobs()\n"
        "@app.job(every=1, overlap='allow', cron_payload={'word': 'so'})\n"
        "def beat(word: str, ctx: JobContext) -> None:\n"
        "    assert ctx.tick is not None and word == 'so'\n"
    )
    done = "SELECT count(*), count(DISTINCT trace_id) FROM pooljobs.history WHERE status = 'completed'"

    def ran() -> tuple[int, int]:
        row = connection.execute(done).fetchone()
        assert row is not None
        return row[0], row[1]

    path = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    with Serving(dsn, tmp_path / "log", "--procs", "1", app="ticking:app", env=path):
        wait_until(lambda: ran()[0] >= 3, what="three ticks to have run")
    assert ran()[0] == ran()[1]


def test_an_application_whose_handler_would_refuse_its_schedule_is_not_served(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "refusing.py").write_text(
        "from pooljobs import PoolJobs\n"
        "app = PoolJobs()\n"
        "@app.job(cron='@daily', cron_payload={'fill': True})\n"
        "def report(full: bool) -> None: ...\n"
    )
    ended = pooljobs("serve", "--app", "refusing:app", dsn=dsn, cwd=tmp_path)
    assert ended.code == ExitCode.APP
    assert "the schedule of report" in ended.err
    assert "cron_payload" in ended.err
