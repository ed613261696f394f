"""The value of a secret parameter is in no listing, no error and no line of the log, whatever became of its job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from tests.support.command import pooljobs
from tests.support.serving import Serving, counts
from tests.support.waiting import wait_until

TOKEN = "hunter2-'é\\-hunter2"
APP = """
import logging
from dataclasses import dataclass
from pooljobs import PoolJobs

app = PoolJobs()

@dataclass
class Login:
    user: str
    password: str

@app.job(secret=("token",), max_retries=1)
def fails(token: dict, to: str) -> None:
    logging.getLogger("shop").warning("failing with %s", token, extra={"given": token["key"]})
    raise ValueError(token["key"]) from KeyError(token["key"])

@app.job(secret=("token",), max_retries=1)
async def fails_too(token: str) -> None:
    raise ValueError(token)

@app.job(secret=("password",), max_retries=1)
def logs_in(login: Login) -> None:
    raise ValueError(login)

@app.job(secret=("token",), aliases=("former",))
def refuses(token: int) -> None: ...
"""


@pytest.mark.hazard("A payload's values, or those of a secret parameter, are kept in errors and logs")
@pytest.mark.parametrize(
    "options",
    [("--log-format", "json"), pytest.param(("--concurrency", "4"), marks=pytest.mark.long)],
    ids=["json", "text"],
)
def test_it_is_shown_nowhere(dsn: str, connection: Connection[Any], tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "secret_app.py").write_text(APP)
    for job_type, payload in {
        "fails": {"token": {"key": TOKEN}, "to": "somebody"},
        "fails_too": {"token": TOKEN},
        "logs_in": {"user": "somebody", "password": TOKEN},
        "refuses": {"token": TOKEN},
        "former": {"token": TOKEN},
    }.items():
        connection.execute("SELECT pooljobs.enqueue(%s, %s)", (job_type, Jsonb(payload)))
    options = (*options, "--log-jobs", "all", "--log-level", "debug", "--unknown-after", "0")
    env = {"PYTHONPATH": str(tmp_path)}
    with Serving(dsn, tmp_path / "log", *options, app="secret_app:app", env=env) as fleet:
        wait_until(lambda: counts(connection) == {"failed": 5}, what="all to have failed")
        wait_until(lambda: "failing with" in fleet.text, what="the handler's line")
    printed = [fleet.text, pooljobs("jobs", "list", dsn=dsn).out, pooljobs("jobs", "list", "--json", dsn=dsn).out]
    for (id_,) in connection.execute("SELECT id::text FROM pooljobs.jobs").fetchall():
        shown = pooljobs("jobs", "show", id_, dsn=dsn).out
        printed += [shown, pooljobs("jobs", "show", id_, "--json", dsn=dsn).out]
        assert '"***"' in shown
    assert [text for text in printed if "hunter2" in text] == []
    assert "ValueError: ***" in printed[1]
    assert any("somebody" in text for text in printed[3:])
