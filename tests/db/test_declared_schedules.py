"""Schedules that code declares, against deployments, rollbacks and outages: whose definition is in force."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs import DeclarationError, PoolJobs
from pooljobs.application.readiness import check_ready
from pooljobs_steward.chore_schedule import make_way
from pooljobs_steward.scheduler.declared import DeclaredSchedules
from tests.support.claims import SQL, register, scalar
from tests.support.worker_parts import worker_parts

Conn = Connection[Any]

OLD, NEW = "0 3 * * *", "0 4 * * *"


def publish(connection: Conn, fleet: int, *, app: str = "default", code: int = 0, **crons: str) -> int:
    """A worker of this fleet whose code declares these; returns its id."""
    worker = register(connection, fleet=fleet, code=code)
    rest: dict[str, object] = {
        "payload": {},
        "every": None,
        "tz": "UTC",
        "jitter": 0,
        "catch_up": "last",
        "overlap": "skip",
    }
    definitions = [json.dumps({"job_type": name, "cron": cron, **rest}) for name, cron in crons.items()]
    told = {"fleet": fleet, "code": code, "app": app, "names": list(crons), "definitions": definitions}
    connection.execute(SQL.load("publish_schedules"), told)
    return worker


def gone(connection: Conn, worker: int) -> None:
    connection.execute("UPDATE pooljobs.workers SET dead_at = now() WHERE id = %s", (worker,))


def agree(connection: Conn) -> dict[str, str]:
    """What is in force by now: names and their crons, those that are retired left out."""
    DeclaredSchedules(SQL).look(connection)
    rows = connection.execute("SELECT name, cron FROM pooljobs.schedules WHERE retired_at IS NULL").fetchall()
    return dict(rows)


def test_of_a_rolling_deployment_the_new_definition_is_in_force_whoever_starts_again(connection: Conn) -> None:
    publish(connection, 1, report=OLD)
    publish(connection, 2, report=OLD)
    assert agree(connection) == {"report": OLD}
    publish(connection, 3, report=NEW)
    assert agree(connection) == {"report": NEW}
    publish(connection, 4, report=OLD)  # an old one that starts again: seen before
    assert agree(connection) == {"report": NEW}


def test_one_that_somebody_has_locked_holds_up_no_other(connection: Conn, dsn: str) -> None:
    """An operator's open transaction: the rest of the deployment is in force, and that one once he has committed."""
    make_way(connection)
    publish(connection, 1, report=OLD, bill=OLD, gone=OLD)
    agree(connection)
    publish(connection, 2, report=NEW, bill=NEW, mail=NEW)
    connection.execute("UPDATE pooljobs.workers SET dead_at = now() WHERE fleet = 1")
    with psycopg.connect(dsn) as operator:
        operator.execute("UPDATE pooljobs.schedules SET paused_reason = 'x' WHERE name IN ('bill', 'gone')")
        assert agree(connection) == {"report": NEW, "bill": OLD, "gone": OLD, "mail": NEW}
    assert agree(connection) == {"report": NEW, "bill": NEW, "mail": NEW}


def test_an_old_worker_that_starts_again_when_all_old_ones_had_died_is_still_old(connection: Conn) -> None:
    gone(connection, publish(connection, 1, report=OLD))
    publish(connection, 2, report=NEW)
    publish(connection, 3, report=OLD)
    assert agree(connection) == {"report": NEW}


def test_a_rollback_is_in_force_once_the_new_fleet_is_gone(connection: Conn) -> None:
    publish(connection, 1, report=OLD)
    new = publish(connection, 2, report=NEW, more=NEW)
    assert agree(connection) == {"report": NEW, "more": NEW}
    publish(connection, 3, report=OLD)
    gone(connection, new)
    assert agree(connection) == {"report": OLD}


def test_a_reload_in_one_fleet_is_a_deployment_too(connection: Conn) -> None:
    before = publish(connection, 1, code=1, report=OLD, other=OLD)
    publish(connection, 1, code=2, report=NEW)
    assert agree(connection) == {"report": NEW, "other": OLD}
    gone(connection, before)
    assert agree(connection) == {"report": NEW}


def test_one_that_is_declared_no_more_is_retired_and_comes_back_without_what_it_missed(connection: Conn) -> None:
    old = publish(connection, 1, report=OLD, gone=OLD)
    agree(connection)
    connection.execute("UPDATE pooljobs.schedules SET next_at = now() - interval '1 h'")
    publish(connection, 2, report=OLD)
    assert agree(connection) == {"report": OLD, "gone": OLD}, "an old worker declares it still"
    gone(connection, old)
    assert agree(connection) == {"report": OLD}
    publish(connection, 3, report=OLD, gone=OLD)
    assert agree(connection) == {"report": OLD, "gone": OLD}
    assert scalar(connection, "SELECT next_at FROM pooljobs.schedules WHERE name = 'gone'") is None
    assert scalar(connection, "SELECT next_at < now() FROM pooljobs.schedules WHERE name = 'report'")


def test_while_nobody_lives_nothing_is_retired(connection: Conn) -> None:
    gone(connection, publish(connection, 1, report=OLD))
    agree(connection)
    publish(connection, 2, app="another application")
    assert agree(connection) == {}, "nobody had seen to it yet"
    worker = publish(connection, 3, report=OLD)
    assert agree(connection) == {"report": OLD}
    gone(connection, worker)
    assert agree(connection) == {"report": OLD}, "another application lives, and it is none of its"
    publish(connection, 4)
    assert agree(connection) == {}, "a release without it lives"


def test_what_an_operator_has_edited_or_paused_outlasts_deployments_until_it_is_taken_back(connection: Conn) -> None:
    publish(connection, 1, report=OLD)
    agree(connection)
    connection.execute("SELECT pooljobs.edit_schedule('report', '0 5 * * *'), pooljobs.pause_schedule('report')")
    gone(connection, publish(connection, 2, report=NEW))
    publish(connection, 3, report=NEW)
    assert agree(connection) == {"report": "0 5 * * *"}
    assert scalar(connection, "SELECT paused_at IS NOT NULL FROM pooljobs.schedules")
    connection.execute("SELECT pooljobs.edit_schedule('report')")
    assert agree(connection) == {"report": NEW}


def test_a_stored_one_of_the_same_name_is_left_alone(connection: Conn) -> None:
    connection.execute("SELECT pooljobs.schedule('report', 'another', cron => '0 1 * * *')")
    publish(connection, 1, report=OLD)
    assert agree(connection) == {"report": "0 1 * * *"}
    assert scalar(connection, "SELECT job_type FROM pooljobs.schedules") == "another"


def test_what_is_in_force_is_not_written_again_and_what_nobody_knows_is_forgotten(connection: Conn) -> None:
    worker = publish(connection, 1, report=OLD)
    agree(connection)
    before = scalar(connection, "SELECT xmin::text FROM pooljobs.schedules")
    agree(connection)
    assert scalar(connection, "SELECT xmin::text FROM pooljobs.schedules") == before
    connection.execute("UPDATE pooljobs.schedule_declarations SET first_seen = now() - interval '2 h'")
    connection.execute(SQL.load("forget_declared_schedules"))
    assert scalar(connection, "SELECT count(*) FROM pooljobs.schedule_declarations") == 2
    connection.execute("DELETE FROM pooljobs.workers WHERE id = %s", (worker,))
    connection.execute(SQL.load("forget_declared_schedules"))
    assert scalar(connection, "SELECT count(*) FROM pooljobs.schedule_declarations") == 0


def test_a_worker_publishes_what_its_application_declares(dsn: str, connection: Conn) -> None:
    app = PoolJobs(name="shop")

    @app.job(
        cron="0 3 * * *", tz="Europe/Berlin", jitter=30, cron_payload={"full": True}, catch_up="all", aliases=("r",)
    )
    def report(full: bool) -> None: ...

    @app.job(every=300, overlap="allow")
    def poll() -> None: ...

    with worker_parts(dsn) as parts:
        parts.registration.declare(app)
        parts.registration.register()
        agree(connection)
        rows = connection.execute(
            "SELECT name, app, job_type, payload, cron, every, tz, jitter, catch_up, overlap FROM pooljobs.schedules"
            " ORDER BY name"
        ).fetchall()
    assert rows == [
        ("poll", "shop", "poll", {}, None, 300.0, "UTC", 0.0, "last", "allow"),
        ("report", "shop", "report", {"full": True}, "0 3 * * *", None, "Europe/Berlin", 30.0, "all", "skip"),
    ]


def test_another_time_is_another_state_of_the_code(dsn: str, connection: Conn) -> None:
    """Else a release that changes nothing but a time would be taken for the one before."""
    with worker_parts(dsn) as parts:
        for cron in (OLD, NEW):
            app = PoolJobs()
            app.job(name="report", cron=cron)(lambda: None)
            parts.registration.declare(app)
            parts.registration.register()
            connection.execute("UPDATE pooljobs.schedule_declarations SET first_seen = first_seen - interval '1 s'")
            assert agree(connection)["report"] == cron


@pytest.mark.hazard(
    "A schedule enqueues what its handler refuses, which nobody sees before the night",
    closed="payloads of declared schedules are checked before anything is started, and by each worker at its boot "
    "(`shared/pooljobs/application/readiness.py`)",
    area="schedules",
)
def test_a_payload_that_the_handler_would_refuse_fails_the_boot() -> None:
    app = PoolJobs()

    @app.job(cron="@daily", cron_payload={"fill": True})
    def report(full: bool) -> None: ...

    with pytest.raises(DeclarationError, match=r"schedule of report .*enqueues what the handler refuses") as refused:
        check_ready(app)
    assert "cron_payload" in str(refused.value.hint)
