"""The hot statements' plans hold at scale and with stale statistics: each is an index scan, whatever was analyzed."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from tests.support.claims import SQL, insert, register, scalar

Conn = Connection[Any]
BACKLOG = 30_000


@pytest.fixture
def backlog(connection: Conn) -> Conn:
    """A table analyzed while it was empty and loaded afterwards, with a million's share of it out of a claim's way."""
    connection.execute("ANALYZE pooljobs.live")
    insert(connection, BACKLOG)
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, priority, run_at)"
        f" SELECT 'tomorrow', -4, now() + interval '1 day' FROM generate_series(1, {BACKLOG})".encode()
    )
    insert(connection, BACKLOG, queue="other")
    return connection


def explain(connection: Conn, statement: bytes, parameters: dict[str, object]) -> tuple[list[dict[str, Any]], int]:
    """The nodes of the plan as executed, and the blocks it touched; rolled back."""
    with connection.transaction(force_rollback=True):
        query = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement
        plan = scalar_json(connection, query, parameters)["Plan"]
    return list(_walk(plan)), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def scalar_json(connection: Conn, query: bytes, parameters: dict[str, object]) -> dict[str, Any]:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    document: dict[str, Any] = row[0][0]
    return document


def _walk(node: dict[str, Any]) -> Any:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def claim_parameters(connection: Conn, worker: int) -> dict[str, object]:
    levels = list(range(-4, 5))
    return {
        "worker_id": worker,
        "token": 1,
        "limit": 100,
        "queues": ["default"] * len(levels),
        "priorities": levels,
        "floor_times": ["-infinity"] * len(levels),
        "floor_ids": ["00000000-0000-0000-0000-000000000000"] * len(levels),
        "most_bytes": 10**6,
    }


def scans_of_live(nodes: list[dict[str, Any]]) -> set[tuple[str, str | None]]:
    return {
        (node["Node Type"], node.get("Index Name"))
        for node in nodes
        if node.get("Relation Name") == "live" and "Scan" in node["Node Type"]
    }


PASSING_OVER: list[dict[str, object]] = [
    {"types": ["foreign", "other"], "only_these": False, "unknown_flags": -1, "refused_shapes": [bytes(32)]},
    {"types": ["noop"], "only_these": True, "unknown_flags": -1, "refused_shapes": []},
]


@pytest.mark.hazard("Statistics are stale after a bulk load: the planner scans and sorts the backlog")
@pytest.mark.hazard(
    "What is scheduled for tomorrow at a high priority is walked over by every claim; ids do not sort by time "
    "before PostgreSQL 18",
    closed="a scan for each of nine priorities, each with its floor; `uuid_v7.sql`",
    area="claims",
)
@pytest.mark.parametrize("passed_over", [None, *PASSING_OVER])
def test_a_claim_reads_the_batch_and_not_the_backlog(backlog: Conn, passed_over: dict[str, object] | None) -> None:
    worker = register(backlog)
    parameters = claim_parameters(backlog, worker)
    if passed_over is None:
        nodes, blocks = explain(backlog, SQL.load("claim"), parameters)
    else:
        nodes, blocks = explain(backlog, SQL.passing_over("claim"), parameters | passed_over)
    assert scans_of_live(nodes) == {("Index Scan", "live_claim"), ("Tid Scan", None)}
    assert not [node for node in nodes if node["Node Type"] == "Sort" and node["Actual Rows"] > 100]
    assert blocks < 100 * 30, "a claim of 100 touched more than a few blocks a job"


def test_a_claim_without_its_index_is_seen(backlog: Conn) -> None:
    """The test above can fail: without the index the plan is another."""
    worker = register(backlog)
    backlog.execute("DROP INDEX pooljobs.live_claim")
    nodes, _ = explain(backlog, SQL.load("claim"), claim_parameters(backlog, worker))
    assert ("Index Scan", "live_claim") not in scans_of_live(nodes)


@pytest.mark.hazard("Finding a dead worker's jobs needs an index on the owner")
@pytest.mark.hazard("Statistics are stale after a bulk load: the planner scans and sorts the backlog")
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("full", [True, False])
def test_a_settlement_reads_its_rows_where_they_lie_or_by_the_primary_key(
    backlog: Conn, *, known: bool, full: bool
) -> None:
    register(backlog)
    rows = backlog.execute("SELECT id, ctid::text FROM pooljobs.live LIMIT 100").fetchall()
    ids, places = [row[0] for row in rows], [row[1] for row in rows]
    parameters: dict[str, object] = {
        "ids": ids,
        "places": places if known else None,
        "fences": [0] * 100,
        "tokens": [1] * 100,
        "started_ago": [-1.0] * 100,
    }
    if full:
        parameters |= {"verdicts": [1] * 100, "errors": None, "delays": [-1.0] * 100, "run_ats": None}
        parameters |= {"results": None, "notes": None}
    nodes, blocks = explain(backlog, SQL.load("settle_full" if full else "settle"), parameters)
    assert scans_of_live(nodes) == {("Index Scan", "live_pkey"), ("Tid Scan", None)}
    looked_up = sum(node["Actual Loops"] for node in nodes if node.get("Index Name") == "live_pkey")
    assert looked_up == (0 if known else 100)
    assert blocks < 100 * 30


@pytest.mark.hazard("What is scheduled for tomorrow at a high priority is walked over by every claim")
def test_priority_outside_the_levels_is_refused(connection: Conn) -> None:
    with pytest.raises(Exception, match="live_priority_in_range"):
        insert(connection, priority=5)
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0
