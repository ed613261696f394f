"""Which fleets there are, what each declares, and until when what is gone was declared."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs import PoolJobs
from pooljobs.process.fleet import fleet_of
from pooljobs.process.liveness import birth
from pooljobs_steward.fleet_record import FleetRecord
from tests.support.claims import SQL, claim, declare, insert, register, scalar
from tests.support.worker_parts import worker_parts

Conn = Connection[Any]

DECLARED = "SELECT array_agg(job_type ORDER BY job_type) FROM pooljobs.declarations WHERE fleet = %s"
SEEN = "SELECT seen_until FROM pooljobs.fleets WHERE id = %s"
UNTIL = "SELECT declared_until > now() - interval '1 minute' FROM pooljobs.job_types WHERE job_type = %s"


def drop(connection: Conn, fleet: int = 1) -> None:
    with connection.transaction():
        connection.execute(SQL.load("lock_fleet"), {"fleet": fleet})
        connection.execute(SQL.load("drop_declarations"), {"fleet": fleet})


def counters(connection: Conn) -> tuple[object, object]:
    """The retry policy by which a crash of the one job would be settled."""
    ids = [row[0] for row in connection.execute("SELECT id FROM pooljobs.live").fetchall()]
    row = connection.execute(SQL.load("read_charges"), {"ids": ids}).fetchone()
    assert row is not None
    return row[5], row[6]


def test_a_worker_tells_who_its_fleet_is_and_what_it_declares(dsn: str, connection: Conn) -> None:
    app = PoolJobs()
    app.job(name="send", retry_policy="fixed")(lambda: None)
    with worker_parts(dsn) as parts:
        parts.registration.declare(app)
        worker = parts.registration.register()
        row = connection.execute(
            "SELECT f.host, f.boot_id, f.pid, f.pid_started, f.version, f.seen_until > now(), d.job_type,"
            " d.retry_policy FROM pooljobs.workers AS w JOIN pooljobs.fleets AS f ON f.id = w.fleet"
            " JOIN pooljobs.declarations AS d ON d.fleet = w.fleet AND d.code = w.code WHERE w.id = %s",
            (worker,),
        ).fetchone()
        fleet = fleet_of(parts.child)
        expected = (fleet["host"], fleet["boot_id"], parts.child.parent_pid, birth(parts.child.parent_pid) or None)
        assert row == (*expected, fleet["version"], True, "send", "fixed")


def test_its_steward_says_that_it_lives_and_that_it_leaves(dsn: str, connection: Conn) -> None:
    with worker_parts(dsn) as parts:
        record, fleet = FleetRecord(SQL, parts.child, 60.0), parts.child.board.fleet
        before = scalar(connection, SEEN, fleet)
        record.renew(connection)
        assert scalar(connection, SEEN, fleet) > before
        connection.execute("DELETE FROM pooljobs.fleets")
        record.renew(connection)
        assert scalar(connection, f"{SEEN} AND seen_until > now()", fleet), "a fleet that was forgotten is entered anew"
        record.retire(connection)
        assert scalar(connection, f"{SEEN} AND seen_until <= now()", fleet)


def test_workers_of_two_states_of_the_code_stand_side_by_side(connection: Conn) -> None:
    old, new = register(connection, code=1), register(connection, code=2)
    declare(connection, "both", "gone", code=1, policy="none")
    declare(connection, "both", "come", code=2, policy="fixed", delay=7.0)
    insert(connection, job_type="both")
    for worker, policy in ((old, ("none", 1.0)), (new, ("fixed", 7.0))):
        assert claim(connection, worker)
        assert counters(connection) == policy
        connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL")


def test_what_no_worker_of_a_fleet_declares_any_more_is_dropped_and_noted(connection: Conn) -> None:
    old = register(connection, code=1)
    declare(connection, "both", "gone", code=1)
    register(connection, code=2)
    declare(connection, "both", "come", code=2)
    drop(connection)
    assert scalar(connection, DECLARED, 1) == ["both", "both", "come", "gone"]
    connection.execute("UPDATE pooljobs.workers SET dead_at = now() WHERE id = %s", (old,))
    drop(connection)
    assert scalar(connection, DECLARED, 1) == ["both", "come"]
    assert scalar(connection, UNTIL, "gone")
    assert not scalar(connection, UNTIL, "come")


def test_a_fleet_all_of_whose_workers_died_declares_what_it_did(connection: Conn) -> None:
    register(connection)
    declare(connection, "a")
    connection.execute("UPDATE pooljobs.workers SET dead_at = now()")
    drop(connection)
    assert scalar(connection, DECLARED, 1) == ["a"]


def test_a_worker_that_publishes_meanwhile_is_waited_for_and_keeps_its_own(connection: Conn, dsn: str) -> None:
    gone = register(connection, code=1)
    declare(connection, "a", code=1)
    register(connection, code=2)
    declare(connection, "b", code=2)
    connection.execute("UPDATE pooljobs.workers SET dead_at = now() WHERE id = %s", (gone,))
    with psycopg.connect(dsn, autocommit=True) as booting:
        register(booting, code=1)
        with connection.transaction():
            connection.execute(SQL.load("lock_fleet"), {"fleet": 1})
            booting.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                declare(booting, "a", code=1)
            connection.execute(SQL.load("drop_declarations"), {"fleet": 1})
        booting.execute("RESET lock_timeout")
        declare(booting, "a", code=1)
    assert scalar(connection, DECLARED, 1) == ["a", "b"]


def test_a_fleet_that_left_long_ago_is_forgotten_and_its_types_are_noted(connection: Conn) -> None:
    for fleet in (1, 2):
        register(connection, fleet=fleet)
        declare(connection, "a", f"of {fleet}", fleet=fleet)
    connection.execute("UPDATE pooljobs.fleets SET seen_until = now() - interval '25 hours' WHERE id = 1")
    connection.execute(SQL.load("forget_fleets"))
    assert scalar(connection, "SELECT count(*) FROM pooljobs.fleets") == 2, "a worker's row names it"
    connection.execute("DELETE FROM pooljobs.workers")
    connection.execute(SQL.load("forget_fleets"))
    assert connection.execute("SELECT id FROM pooljobs.fleets").fetchall() == [(2,)]
    assert scalar(connection, DECLARED, 1) is None
    hours = (
        "SELECT round(extract(epoch FROM now() - declared_until) / 3600) FROM pooljobs.job_types WHERE job_type = %s"
    )
    assert scalar(connection, hours, "of 1") == 25
    assert not scalar(connection, UNTIL, "of 2")
