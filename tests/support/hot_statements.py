"""The statements that run all the time, with parameters as in life, and what each may read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from tests.support.claims import SQL
from tests.support.plans import Plan, explain

BATCH = 100
OTHERS = 500
"""Rows in the smaller tables: dead workers, job types, queues of others."""
QUEUES = [f"q{n}" for n in range(100)]

Indexes = set[tuple[str, str | None]]
TABLES = ("live", "workers", "cancellations", "history", "job_types", "idle_hosts", "fleets", "declarations")
CLAIMED: Indexes = {("live", "live_claim"), ("live", "ctid"), ("workers", "workers_pkey")}
BY_ID: Indexes = {("live", "live_pkey")}
SETTLED: Indexes = {*BY_ID, ("live", "ctid")}
"""The primary key is asked where no place is given."""
START = ("-infinity", str(UUID(int=0)))


@dataclass(frozen=True)
class Hot:
    """A statement, and by which indexes it has to find its rows: (table, index)."""

    name: str
    verb: str
    parameters: dict[str, object]
    indexes: Indexes
    rows: int = 2 * BATCH
    """The most rows that it may look at."""
    blocks: int = 20 * BATCH
    """The most pages, each counted as often as it is asked for."""
    index_dropped: str = field(default="live_pkey")
    """Without this one it must fail the check."""


def hold(connection: Connection[Any], worker: int) -> None:
    """Gives the worker a batch of the default queue under token 1, some of it asked to be cancelled."""
    connection.execute(
        "UPDATE pooljobs.live SET worker_id = %s, token = 1, fence = 1, started_at = now() WHERE id IN ("
        " SELECT id FROM pooljobs.live WHERE queue = 'default' AND priority = 0 AND run_at <= now()"
        " ORDER BY run_at, id LIMIT %s)",
        (worker, BATCH),
    )
    connection.execute(
        "INSERT INTO pooljobs.cancellations (job_id) SELECT id FROM pooljobs.live WHERE worker_id = %s LIMIT 10",
        (worker,),
    )


def hot_statements(connection: Connection[Any], worker: int) -> list[Hot]:
    """All of them, for a living worker that was given its jobs by ``hold``."""
    held = connection.execute(
        "SELECT id, fence, run_at::text, ctid::text FROM pooljobs.live WHERE worker_id = %s ORDER BY run_at, id",
        (worker,),
    ).fetchall()
    ids, fences, places = [row[0] for row in held], [row[1] for row in held], [row[3] for row in held]
    floor = (held[-1][2], str(ids[-1]))
    one = {"id": ids[0], "fence": fences[0], "token": 1}
    claims = [
        _claim(worker, "one queue, from its floor", ["default"], [0], floor),
        _claim(worker, "one queue, swept", ["default"], [None]),
        _claim(worker, "one queue, swept level by level", ["default"] * 9, list(range(-4, 5))),
        _claim(worker, "a hundred queues, swept", QUEUES, [None] * 100),
        _claim(worker, "nothing is due, at any priority", ["tomorrow"], [None], blocks=9 * 6),
        _claim(worker, "a hundred empty queues", [f"none{n}" for n in range(100)], [None] * 100, blocks=900 * 6),
    ]
    batch = {"ids": ids, "fences": fences, "tokens": [1] * BATCH}
    ran = {**batch, "started_ago": [0.1] * BATCH}
    retried = {"errors": None, "delays": [-1.0] * BATCH, "verdicts": [10] * BATCH, "run_ats": None}
    retried |= {"results": None, "notes": None}
    return [
        *claims,
        *(
            Hot(f"{verb}, {told}", verb, {**ran, **extra, "places": given}, SETTLED, rows=most)
            for verb, told, extra in (("settle", "completed", {}), ("settle_full", "retried", retried))
            for given, most in ((places, BATCH), (None, 2 * BATCH))
        ),
        Hot("record_start", "record_start", one, BY_ID, 1, 60),
        Hot("release_strays", "release_strays", dict(batch), BY_ID, blocks=30 * BATCH),
        Hot("find_live", "find_live", {"ids": ids}, BY_ID),
        Hot(
            "look_for_work",
            "look_for_work",
            {"queues": ["default", *QUEUES], "most": 2, "marking": False, "since": "-infinity"},
            {("live", "live_claim")},
            rows=5 * BATCH,  # what runs is passed, at the start of each lane
            blocks=101 * 9 * 6,
            index_dropped="live_claim",
        ),
        Hot(
            "look_for_undone",
            "look_for_undone",
            {"queues": ["default", *QUEUES], "soon": 60.0},
            {("live", "live_claim")},
            rows=5 * BATCH,
            blocks=101 * 9 * 6,
            index_dropped="live_claim",
        ),
        Hot("read_cancellations", "read_cancellations", {}, {*BY_ID, ("cancellations", None)}),
        Hot(
            "cancel_requested",
            "cancel_requested",
            {"ids": ids},
            {("cancellations", "cancellations_pkey")},
            index_dropped="cancellations_pkey",
        ),
        Hot(
            "drop_cancellations",
            "drop_cancellations",
            {"ids": ids, "since": "infinity"},
            {*BY_ID, ("cancellations", "cancellations_pkey")},
        ),
        Hot(
            "renew_leases",
            "renew_leases",
            {"worker_ids": [worker]},
            {("workers", "workers_pkey")},
            1,
            30,
            index_dropped="workers_pkey",
        ),
        Hot(
            "retire_workers",
            "retire_workers",
            {"worker_ids": [worker]},
            {("workers", "workers_pkey")},
            1,
            30,
            index_dropped="workers_pkey",
        ),
        # Without an index, on a table as small as the number of workers; the jobs are not looked at.
        Hot(
            "look_for_chores",
            "look_for_chores",
            {},
            {
                ("workers", None),
                ("workers", "workers_pkey"),
                ("cancellations", None),
                ("cancellations", "cancellations_pkey"),
            },
            OTHERS + 100,
            60,
            index_dropped="",
        ),
        Hot(
            "reap_workers",
            "reap_workers",
            {"watched": 3600.0, "gone": []},
            {("workers", None), ("workers", "workers_pkey")},
            OTHERS + 100,
            60,
            index_dropped="",
        ),
    ]


def check(connection: Connection[Any], hot: Hot, *, execute: bool = True) -> None:
    """Judges the plan that the connection makes for it now."""
    judge(hot, explain(connection, SQL.load(hot.verb), hot.parameters, execute=execute))


def judge(hot: Hot, plan: Plan, *, dead: int = 0) -> None:
    """Raises AssertionError unless the statement goes by its indexes, and, executed, reads no more than it may.

    ``dead`` rows may be passed on the way to the others.
    """
    found = plan.of(*TABLES)
    assert found <= hot.indexes, f"{hot.name} goes by {sorted(map(str, found - hot.indexes))}"
    if hot.indexes:
        assert found, f"{hot.name} reads none of {TABLES}"
    else:  # it calls a function, whose plans are not seen
        walked = {name: count for name, count in plan.returned.items() if count > hot.rows}
        assert not walked, f"{hot.name} walks {walked}"
    assert plan.rows(*TABLES) <= hot.rows, f"{hot.name} looks at {plan.rows(*TABLES):,} rows"
    assert plan.blocks <= hot.blocks + dead, f"{hot.name} asks for {plan.blocks:,} pages"


def _claim(
    worker: int,
    told: str,
    queues: list[str],
    priorities: list[int] | list[None],
    floor: tuple[str, str] = START,
    *,
    blocks: int = 30 * BATCH,
) -> Hot:
    parameters: dict[str, object] = {
        "worker_id": worker,
        "token": 2,
        "limit": BATCH,
        "queues": queues,
        "priorities": priorities,
        "floor_times": [floor[0]] * len(queues),
        "floor_ids": [UUID(floor[1])] * len(queues),
        "most_bytes": 10**6,
    }
    return Hot(f"claim, {told}", "claim", parameters, CLAIMED, 4 * BATCH, blocks, "live_claim")
