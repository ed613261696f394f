"""Which commits wait for the disk: a claim's does not, a settlement's and an enqueue's do."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from pooljobs.job.verdict import Verdict
from tests.support.claims import claim, insert, register, scalar, settle_all

Conn = Connection[Any]


@pytest.fixture
def durable(connection: Conn) -> Conn:
    """A connection with a worker's settings, as on a server that is durable by default."""
    connection.execute("SET synchronous_commit = on")
    return connection


@pytest.mark.hazard(
    "The setting that lets a claim's commit not wait has no effect, or stays on for what follows",
    closed="`set_config` inside the statement, for its transaction (`claim.sql`)",
    area="claims",
)
def test_a_claim_commits_without_waiting_for_the_disk_and_nothing_after_it_does(durable: Conn) -> None:
    insert(durable)
    worker = register(durable)
    with durable.transaction():
        assert claim(durable, worker)
        assert scalar(durable, "SHOW synchronous_commit") == "off"
    assert scalar(durable, "SHOW synchronous_commit") == "on"


def test_an_empty_claim_leaves_no_trace_either(durable: Conn) -> None:
    worker = register(durable)
    assert claim(durable, worker) == []
    assert scalar(durable, "SHOW synchronous_commit") == "on"


@pytest.mark.hazard("The setting that lets a claim's commit not wait has no effect")
def test_settling_and_enqueueing_wait_for_it(durable: Conn) -> None:
    with durable.transaction():
        durable.execute("SELECT pooljobs.enqueue('noop')")
        assert scalar(durable, "SHOW synchronous_commit") == "on"
    (job,) = claim(durable, register(durable)) or []
    with durable.transaction():
        settle_all(durable, job.settled(Verdict.COMPLETED))
        assert scalar(durable, "SHOW synchronous_commit") == "on"
