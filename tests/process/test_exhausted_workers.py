"""A worker that is out of descriptors or memory gives its jobs back, and is replaced; who takes all is charged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pooljobs.exit_codes import ExitCode
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

serving = partial(Serving, app="tests.support.leaky_app:app")
FAST = ("--poll-interval", "0.1")


def every_case() -> Iterator[Any]:
    """One of each kind at once; all that combine for ``make test-long``."""
    at_once = {
        ("descriptors", 1, "fails_in_other_words"),
        ("memory", 1, "needs_little"),
        ("memory", 3, "needs_little_async"),
    }
    kinds = ("needs_little", "needs_little_async", "fails_in_other_words")
    for case in product(("descriptors", "memory"), (1, 3), kinds):
        yield pytest.param(*case, marks=[] if case in at_once else pytest.mark.long)


@pytest.mark.hazard(
    "A worker without descriptors or memory fails all that it claims",
    closed="after an error the process is tried, and leaves (`worker/pooljobs_worker/runtime/exhaustion.py`)",
    area="blame",
)
@pytest.mark.parametrize(("what", "concurrency", "needs"), list(every_case()))
def test_nobody_fails_for_what_another_job_took(
    dsn: str, tmp_path: Path, what: str, concurrency: int, needs: str
) -> None:
    with audit_of(dsn) as connection:
        with serving(dsn, tmp_path / "log", *FAST, "--concurrency", str(concurrency)) as fleet:
            enqueue(connection, "takes_all", 1, f'{{"what": "{what}"}}')
            wait_until(lambda: not unfinished(connection), what="nothing to be left")
            enqueue(connection, needs, 60, f'{{"what": "{what}"}}')
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
        assert counts(connection) == {"completed": 61}
        query = "SELECT max(attempts), max(crashes), count(*) FILTER (WHERE interruptions > 0) FROM pooljobs.jobs"
        row = connection.execute(query).fetchone()
        assert row is not None
        assert row[:2] == (1, 0)
        assert row[2] <= concurrency
        assert "this worker is out of" in fleet.text
        assert f"exit code {ExitCode.EXHAUSTED}, out of descriptors, memory or threads" in fleet.text
        assert "Traceback" not in fleet.text


@pytest.mark.hazard("A worker without descriptors or memory fails all that it claims")
@pytest.mark.parametrize("what", ["descriptors", "memory"])
def test_a_job_that_takes_all_by_itself_is_charged_in_the_end(dsn: str, tmp_path: Path, what: str) -> None:
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST) as fleet:
        enqueue(connection, "takes_all_and_fails", 1, f'{{"what": "{what}"}}')
        wait_until(lambda: not unfinished(connection), what="it to fail")
        query = "SELECT status, attempts, crashes, interruptions FROM pooljobs.jobs"
        assert connection.execute(query).fetchone() == ("failed", 2, 0, 2)
        assert fleet.text.count("this worker is out of") == 4


@pytest.mark.parametrize("what", ["descriptors", "memory"])
def test_a_job_that_needs_too_much_fails_and_its_worker_stays(dsn: str, tmp_path: Path, what: str) -> None:
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST) as fleet:
        enqueue(connection, "needs_too_much", 3, f'{{"what": "{what}"}}')
        wait_until(lambda: not unfinished(connection), what="them to fail")
        assert counts(connection) == {"failed": 3}
        assert "this worker is out of" not in fleet.text
        assert connection.execute("SELECT count(*) FROM pooljobs.workers").fetchone() == (1,)


def test_a_worker_that_cannot_reach_the_database_for_lack_of_descriptors_does_not_wait_for_it(
    dsn: str, tmp_path: Path
) -> None:
    """What the database says is no outage: it is well, and nobody else waits."""
    cut = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name LIKE 'pooljobs worker%' AND datname = current_database()"
    )
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST) as fleet:
        enqueue(connection, "takes_all", 1, '{"what": "descriptors"}')
        wait_until(lambda: counts(connection) == {"completed": 1}, what="the descriptors to be gone")
        assert connection.execute(cut).fetchone() != (0,)
        wait_until(lambda: "this worker is out of file descriptors" in fleet.text, what="the worker to notice")
        enqueue(connection, "needs_little", 3, '{"what": "descriptors"}')
        wait_until(lambda: counts(connection) == {"completed": 4}, what="its replacement to work")
