"""Commands say when nobody will run a job: no living worker serves its queue."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest

from tests.support.command import Ended, pooljobs
from tests.support.serving import Serving, audit_of
from tests.support.waiting import wait_until


def serve_line(queue: str, app: str = "MODULE:ATTRIBUTE") -> str:
    start = f"pooljobs serve --queues {shlex.quote(queue)} --app {app}"
    return f"no worker serves the queue {queue!r}; start one with: {start}\n"


def workers(dsn: str) -> dict[str, int]:
    return {row["queue"]: row["workers"] for row in pooljobs("stats", "--json", dsn=dsn).json}


def test_a_fleets_queues_are_served_from_its_start_to_its_end(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn):
        with Serving(dsn, tmp_path / "log", "--procs", "2", "--queues", "mails,default") as fleet:
            assert pooljobs("enqueue", "audited", "--queue", "mails", "--delay", "1h", dsn=dsn).err == ""
            other = pooljobs("enqueue", "audited", "--queue", "other", dsn=dsn)
            assert (other.code, other.err) == (0, serve_line("other"))
            assert workers(dsn) == {"mails": 2, "other": 0}
            assert {line.split()[0]: line.split()[1] for line in pooljobs("stats", dsn=dsn).out.splitlines()} == {
                "queue": "workers",
                "mails": "2",
                "other": "0",
            }
            listed = pooljobs("jobs", "list", dsn=dsn)
            assert (listed.err, listed.out.count("no worker serves the queue")) == (serve_line("other"), 1)
            fleet.signal(signal.SIGTERM)
            fleet.process.wait(60)
        assert workers(dsn) == {"mails": 0, "other": 0}
        assert pooljobs("enqueue", "audited", "--queue", "mails", dsn=dsn).err == serve_line("mails")
        listed = pooljobs("jobs", "list", dsn=dsn)
        both = (
            "no worker serves the queues 'mails', 'other'; start one with: pooljobs serve --queues mails,other --app "
        )
        assert listed.err == f"{both}MODULE:ATTRIBUTE\n"


def test_a_worker_that_was_killed_is_missed_at_once(dsn: str, tmp_path: Path) -> None:
    """By the steward of its host: nobody waits for its lease."""
    with audit_of(dsn), Serving(dsn, tmp_path / "log", "--procs", "1") as fleet:
        pooljobs("enqueue", "audited", "--delay", "1h", dsn=dsn)
        assert workers(dsn) == {"default": 1}
        fleet.signal(signal.SIGQUIT)
        fleet.process.wait(60)
        wait_until(lambda: workers(dsn) == {"default": 0}, what="the worker to be missed")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(
        "from pooljobs import PoolJobs\napp = PoolJobs()\n@app.job(queue='mails')\ndef send() -> None: ...\n"
    )
    return tmp_path


def test_enqueue_tells_with_the_application_that_it_was_given(dsn: str, app: Path) -> None:
    ended = pooljobs("enqueue", "send", "--app", "shop:app", dsn=dsn, cwd=app)
    assert (ended.code, ended.err) == (0, serve_line("mails", "shop:app"))
    told = pooljobs("enqueue", "send", "--app", "shop:app", "--json", dsn=dsn, cwd=app)
    assert (told.err, told.json["queue"], told.json["unserved"]) == ("", "mails", True)
    assert pooljobs("enqueue", "send", dsn=dsn).err == serve_line("default"), "nothing was published"


def test_a_job_shows_that_nobody_serves_it(dsn: str) -> None:
    id_ = pooljobs("enqueue", "send", "--queue", "mails", dsn=dsn).out.strip()
    shown = pooljobs("jobs", "show", id_, dsn=dsn)
    assert ("unserved" in shown.out, shown.err) == (True, serve_line("mails"))
    for told in (pooljobs("jobs", "show", id_, "--json", dsn=dsn), pooljobs("jobs", "list", "--json", dsn=dsn)):
        assert (told.err, only(told)["unserved"]) == ("", True)
    assert pooljobs("jobs", "cancel", id_, dsn=dsn).code == 0
    assert pooljobs("jobs", "show", id_, dsn=dsn).err == "", "it waits for nobody any more"


def only(told: Ended) -> dict[str, object]:
    read = told.json
    job: dict[str, object] = read[0] if isinstance(read, list) else read
    return job


@pytest.mark.parametrize(
    ("queue", "option"),
    [("a b", "'a b'"), ("a:b", "a:b:1"), ("it's", "'it'\"'\"'s'"), ("a,b", None), ("a*", None), ("a\x1b", None)],
)
def test_the_command_that_is_told_names_that_queue_or_none_is_told(dsn: str, queue: str, option: str | None) -> None:
    told = pooljobs("enqueue", "send", "--queue", queue, dsn=dsn).err
    assert told.isprintable() or told.count("\n") == 1
    assert (f"pooljobs serve --queues {option} " in told) if option else ("start one" not in told)
