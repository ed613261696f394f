"""What an idle host sees when it looks: what is due, what is to come, and whether anybody may still commit unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.new_job import NewJob
from pooljobs_steward.wakeups.idle_hosts import IdleHosts
from pooljobs_steward.wakeups.wake_policy import WakePolicy
from tests.db.test_plans import explain, scans_of_live
from tests.support.claims import SQL, claim, insert, register
from tests.support.hearing import Ear, listening, sleepers, steward_connection
from tests.support.waiting import wait_until

Conn = Connection[Any]


@pytest.fixture
def steward(dsn: str) -> Iterator[Conn]:
    with steward_connection(dsn) as connection:
        yield connection


@pytest.fixture
def ear(dsn: str) -> Iterator[Ear]:
    with listening(dsn) as ear:
        yield ear


def put(connection: Conn) -> None:
    CallerConnections("pooljobs").insert_with(connection, NewJob("a", b"{}"))


@pytest.mark.hazard("Each look of an idle host walks over all the dead entries that an old snapshot keeps")
def test_a_look_goes_back_to_what_the_last_one_returned(connection: Conn, steward: Conn) -> None:
    host = sleepers()
    insert(connection, run_at="2020-01-01T00:00:00Z")
    first = host.look(steward, 10, marking=False)
    assert first.full
    again = host.look(steward, 10, marking=False, since=first.since)
    assert (again.due, again.full) == (1, False), "what is due is not left behind"
    claim(connection, register(connection))
    nothing = host.look(steward, 10, marking=False)
    assert nothing.due == 0
    insert(connection, run_at="2020-01-01T00:00:00Z")
    put(connection)
    assert host.look(steward, 10, marking=False, since=nothing.since).due == 1
    assert host.look(steward, 10, marking=False).due == 2


def test_jobs_due_since_ever_are_looked_at_too(connection: Conn, steward: Conn) -> None:
    insert(connection, run_at="-infinity")
    found = sleepers().look(steward, 10, marking=False)
    assert sleepers().look(steward, 10, marking=False, since=found.since).due == 1


def asleep() -> WakePolicy:
    """A host that has just fallen asleep; the times are not looked at here."""
    policy = WakePolicy(sleep=30.0, poll_interval=60.0)
    policy.hears = True
    policy.fell_asleep(0.0)
    return policy


def until_settled(policy: WakePolicy, host: IdleHosts, steward: Conn) -> None:
    """Transactions of other databases have numbers of the same sequence: other tests may hold it up."""

    def settled() -> bool:
        policy.found(host.look(steward, 1, marking=policy.marking), 0.0, 1.0)
        return policy.settled

    wait_until(settled, what="everybody else to have ended")


def test_due_jobs_of_the_queues_are_counted_and_the_next_one_is_timed(connection: Conn, steward: Conn) -> None:
    insert(connection, 3)
    insert(connection, 2, queue="mail", priority=-4)
    insert(connection, 5, queue="other")
    connection.execute("SELECT pooljobs.enqueue('a', delay => '40 s'), pooljobs.enqueue('a', delay => '20 s')")
    found = sleepers("default", "mail").look(steward, 10, marking=False)
    assert found.due == 5
    assert found.next_in == pytest.approx(20.0, abs=10.0)
    assert found.mark is None


@pytest.mark.hazard("A sweep of a thousand queues looks at nine thousand levels")
def test_a_look_at_many_queues_counts_all_their_levels(connection: Conn, steward: Conn) -> None:
    insert(connection, 3, queue="q7", priority=-4)
    insert(connection, 2, queue="q7", priority=4)
    insert(connection, 1, queue="q150")
    connection.execute("SELECT pooljobs.enqueue('a', delay => '20 s', queue => 'q199')")
    found = sleepers(*(f"q{number}" for number in range(200))).look(steward, 10, marking=False)
    assert found.due == 6
    assert found.next_in == pytest.approx(20.0, abs=10.0)


def test_what_runs_is_not_due(connection: Conn, steward: Conn) -> None:
    insert(connection, 3)
    claim(connection, register(connection), limit=2)
    assert sleepers().look(steward, 10, marking=False).due == 1


def test_no_more_is_counted_than_there_are_workers(connection: Conn, steward: Conn) -> None:
    insert(connection, 50)
    assert sleepers().look(steward, 4, marking=False).due == 4


def test_nothing_at_all_is_nothing(steward: Conn) -> None:
    found = sleepers().look(steward, 1, marking=False)
    assert (found.due, found.next_in) == (0, None)


def test_a_job_of_a_transaction_that_read_the_flag_before_is_seen_by_a_later_look(
    dsn: str, steward: Conn, ear: Ear
) -> None:
    host, policy = sleepers(), asleep()
    with psycopg.connect(dsn) as late:
        put(late)
        host.fall_asleep(steward)
        for _ in range(3):
            policy.found(found := host.look(steward, 1, marking=policy.marking), 0.0, 1.0)
            assert found.due == 0
            assert not policy.settled, "a transaction under way may hold a job that nobody tells of"
        late.commit()
    assert ear.heard() == []
    policy.found(found := host.look(steward, 1, marking=policy.marking), 0.0, 1.0)
    assert found.due == 1
    until_settled(policy, host, steward)


def test_a_transaction_that_began_while_the_host_fell_asleep_is_waited_for_too(
    dsn: str, connection: Conn, steward: Conn, ear: Ear
) -> None:
    """Its number lies above that of the transaction that says "asleep", and above the xmax of the first look: nobody
    has ended with a higher one. So that xmax is no mark."""
    host, policy = sleepers(), asleep()
    with psycopg.connect(dsn) as late:
        with steward.transaction():
            host.fall_asleep(steward)
            put(late)  # above the sleeper's number, and before its commit
        policy.found(found := host.look(steward, 1, marking=True), 0.0, 1.0)
        assert found.due == 0
        policy.found(host.look(steward, 1, marking=False), 0.0, 1.0)
        assert not policy.settled
        late.commit()
    assert ear.heard() == []
    policy.found(found := host.look(steward, 1, marking=False), 0.0, 1.0)
    assert found.due == 1
    until_settled(policy, host, steward)


def test_with_nobody_under_way_a_later_look_is_enough(dsn: str, steward: Conn) -> None:
    host, policy = sleepers(), asleep()
    host.fall_asleep(steward)
    with psycopg.connect(dsn) as other:
        policy.found(host.look(steward, 1, marking=True), 0.0, 1.0)
        put(other)  # begun after: it notifies, and is no concern of these looks
        until_settled(policy, host, steward)


def test_a_look_costs_no_more_with_a_backlog(connection: Conn, steward: Conn) -> None:
    connection.execute("ANALYZE pooljobs.live")
    insert(connection, 10_000)
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, priority, run_at)"
        " SELECT 'tomorrow', -4, now() + interval '1 day' FROM generate_series(1, 10000)"
    )
    parameters: dict[str, object] = {"queues": ["default"], "most": 4, "marking": False, "since": "-infinity"}
    nodes, blocks = explain(steward, SQL.load("look_for_work"), parameters)
    assert scans_of_live(nodes) <= {("Index Scan", "live_claim"), ("Index Only Scan", "live_claim")}
    assert blocks < 200
