"""Each example does what it says: enqueued and served as its own first lines say, on one database by one fleet."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from psycopg import Connection

from tests.support.command import environment, pooljobs
from tests.support.database import DatabaseServer
from tests.support.examples_app import EXAMPLES

ROOT = Path(__file__).parents[2]
MOST_LINES = 60
ON_TABLES = {
    f"examples.{name}" for name in ("request_tenants", "transactions", "sqlalchemy_sessions", "django_connections")
}
TRACED = {"examples.sentry_errors", "examples.otel_spans"}
SHOPS = {"examples.fastapi_shop", "examples.flask_shop"}
BY_OTHERS = {"examples.demo", "examples.emails", "examples.payments_test"} | ON_TABLES | TRACED | SHOPS
"""Shown by ``pooljobs demo``, in ``tests`` by ``unit/test_example_emails.py``, ``db/test_hook_examples.py``,
``process/test_tracers.py`` and ``process/test_framework_examples.py``, and below."""

ENDED: Mapping[tuple[str, str], int] = {
    ("greet", "completed"): 2,
    ("remind", "completed"): 3,
    ("remind", "pending"): 2,
    ("welcome", "completed"): 1,
    ("deliver", "completed"): 1000,
    ("confirm", "completed"): 2,
    ("charge", "completed"): 1,
    ("charge", "failed"): 1,
    ("refund", "cancelled"): 1,
    ("refund", "completed"): 1,
    ("refund", "failed"): 1,
    ("reconcile", "pending"): 1,
    ("export", "cancelled"): 1,
    ("export", "completed"): 1,
    ("crawl", "completed"): 1,
    ("hang", "failed"): 1,
    ("send_invoice", "completed"): 1,
    ("invoice", "completed"): 1,
    ("archive", "failed"): 1,
}
"""What has become of their jobs."""

SAID = (
    *(
        "hello, Ada",
        "good morning, Grace",
        "welcome, Ada",
        "order 1 of Ada is confirmed",
        "order 2 of Grace is confirmed",
    ),
    *("charged 4711 in run 3", "refunded: rate limited", "Ada owes 4.50"),
    *("pages of example.com are enough", "has passed its hard time limit of 0.3 s"),
    *("acme has its invoice of month 5", "to the error tracker: archive: acme has no year 1999, for good"),
)
"""What the log then says."""


def test_each_does_what_it_says(owner_dsn: str, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", owner_dsn)
    for example in EXAMPLES:
        example.main()
    end = pooljobs(
        *(
            "serve",
            "--app",
            "tests.support.examples_app",
            "--queues",
            "urgent:3,default,mails",
            "--until-empty",
            "--poll-interval",
            "0.2",
        ),
        dsn=owner_dsn,
        cwd=ROOT,
    )
    assert end.code == 0, end.err
    assert [text for text in SAID if text not in end.err] == [], end.err
    counted = connection.execute("SELECT job_type, status, count(*) FROM pooljobs.jobs GROUP BY 1, 2").fetchall()
    assert {(job_type, status): count for job_type, status, count in counted} == ENDED


def test_the_tests_among_them_pass(server: DatabaseServer) -> None:
    command = [sys.executable, "-m", "unittest", "examples.payments_test"]
    env = environment({"POOLJOBS_TEST_DSN": server.dsn})
    ran = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.__name__))
def test_each_is_short_and_says_how_it_is_run(example: ModuleType) -> None:
    text = Path(str(example.__file__)).read_text()
    enqueue, run = f"Enqueue:  python -m {example.__name__}", f"Run:      pooljobs serve --app {example.__name__} "
    assert re.search(rf"^{re.escape(enqueue)}\n{re.escape(run)}.*--until-empty$", text, re.MULTILINE)
    assert len(text.splitlines()) <= MOST_LINES


def test_each_is_in_the_index() -> None:
    index = (ROOT / "examples/README.md").read_text()
    listed = re.findall(r"^\| `examples/(\w+)\.py` \|", index, re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
    assert {f"examples.{name}" for name in listed} == {*(each.__name__ for each in EXAMPLES), *BY_OTHERS}
