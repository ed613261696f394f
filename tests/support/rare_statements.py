"""The statements that run now and then, or on connections of others: parameters as in life, and what each may read."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection

from tests.support.hot_statements import BATCH, BY_ID, OTHERS, Hot
from tests.support.statistics import ROWS

ONCE = ROWS + OTHERS + 10 * BATCH
"""Rows that a statement looks at whose head says that it reads a table from end to end, once."""
ANY = 10**9

BY_HISTORY = ("history", "history_id")
HISTORY = 8_000
"""Rows of history looked at for one id: of two or three ranges of 32 pages. Empty partitions are read as they are."""


def rare_statements(connection: Connection[Any], worker: int) -> list[Hot]:
    """Those of workers and stewards, whose connections are pinned; after ``hold``."""
    held = connection.execute(
        "SELECT id, fence FROM pooljobs.live WHERE worker_id = %s ORDER BY run_at, id", (worker,)
    ).fetchall()
    ids, fences = [row[0] for row in held], [row[1] for row in held]
    batch = {"ids": ids, "fences": fences, "tokens": [1] * BATCH}
    lost = {"lost": True, "max_losses": 3}
    said = {"ids": [str(each) for each in ids], "tokens": fences, "totals": [None for _ in ids]}
    said |= {"notes": [None for _ in ids], "dones": [1.0 for _ in ids], "ages": [1.0 for _ in ids]}
    by_worker = ("workers", "workers_pkey")
    by_fleet, by_type = ("declarations", "declarations_pkey"), ("job_types", "job_types_pkey")
    charges = {*BY_ID, by_worker, by_fleet, by_type}
    fleet = connection.execute("SELECT fleet FROM pooljobs.workers WHERE id = %s", (worker,)).fetchone()
    of_fleet = {"fleet": fleet[0] if fleet else None}
    return [
        Hot("find_claims", "find_claims", dict(batch), BY_ID),
        Hot("read_charges", "read_charges", {"ids": ids}, charges),
        Hot(
            "find_held",
            "find_held",
            {"worker_ids": [worker], "least_age": 0.0},
            {("live", None)},
            ONCE,
            ANY,
        ),
        Hot("release_claim", "release_claim", {"worker_id": worker, "token": 1}, {("live", None)}, ONCE, ANY),
        Hot(
            "reread_claim",
            "reread_claim",
            {"worker_id": worker, "token": 1, "most_bytes": 1000},
            {("live", None)},
            ONCE,
            ANY,
        ),
        Hot("fetch_payloads", "fetch_payloads", {"ids": ids, "token": 1, "most": 10**6}, BY_ID),
        Hot(
            "release_dead",
            "release_dead",
            {"worker_ids": None, **lost},
            {("live", None), *BY_ID, by_worker},
            ONCE,
            ANY,
        ),
        Hot("lock_fleet", "lock_fleet", of_fleet, {("fleets", "fleets_pkey")}),
        Hot("retire_fleet", "retire_fleet", of_fleet, {("fleets", "fleets_pkey")}),
        Hot(
            "drop_declarations",
            "drop_declarations",
            of_fleet,
            {by_fleet, by_type, ("workers", None), ("workers", "workers_pkey")},
            ONCE,
            ANY,
        ),
        Hot(
            "forget_fleets",
            "forget_fleets",
            {},
            {by_fleet, by_type, ("fleets", None), ("workers", None)},
            OTHERS * OTHERS,
            ANY,
        ),
        Hot(
            "list_declared_types",
            "list_declared_types",
            {"fleet": of_fleet["fleet"], "codes": [0, 1]},
            {by_fleet},
            2 * OTHERS,
        ),
        Hot(
            "fail_unknown",
            "fail_unknown",
            {
                "queues": ["default", "none"],
                "seconds": 0.0,
                "most": BATCH,
                "queue_number": 1,
                "level": -4,
                "run_at": "-infinity",
                "id": UUID(int=0),
            },
            {("live", "live_claim"), ("live", "ctid"), ("cancellations", "cancellations_pkey"), by_fleet, by_type}
            | {("fleets", None), ("fleets", "fleets_pkey"), ("declarations", None), ("job_types", None)},
            OTHERS * OTHERS,
            ANY,
        ),
        Hot(
            "enqueue_tick",
            "enqueue_tick",
            {"name": "s", "tick": None, "run_at": None, "trace_id": None},
            BY_ID,
        ),
        Hot("find_due_schedules", "find_due_schedules", {"most": 20}, set()),
        Hot("list_pauses", "list_pauses", {}, set(), blocks=20),
        Hot("write_progress", "write_progress", {"worker_id": worker, **said}, {by_worker}),
        Hot("forget_workers", "forget_workers", {}, {("live", None), ("workers", None), by_worker}, ONCE, ANY),
    ]


def foreign_statements(connection: Connection[Any]) -> list[Hot]:
    """Those of applications, whose connections are as they come; after ``hold``."""
    pending = _ids(connection, "live WHERE worker_id IS NULL")
    running = _ids(connection, "live WHERE worker_id IS NOT NULL")
    ended = _ids(connection, "history WHERE status = 'failed'")[0]
    one = {"id": running[0], "fence": 1, "token": 1, "started_ago": 0.1}
    types = {("job_types", None), ("job_types", "job_types_pkey")}
    job = {"job_type": "noop", "payload": "{}", "queue": "default", "priority": 0, "max_retries": 3, "trace_id": None}
    job |= {"tags": None, "meta": None}
    by_python = {**job, "id": None, "run_at": None, "delay": 0.0, "early": True}
    together = {**{name: [value] for name, value in job.items()}, "ids": [uuid4()], "run_ats": [None], "delays": [0.0]}
    return [
        Hot("cancel a pending job", "cancel_one", {"job_id": pending[0], "reason": "why"}, set(), blocks=200),
        Hot("cancel a running job", "cancel_one", {"job_id": running[0], "reason": "why"}, set(), blocks=200),
        Hot("cancel an ended job", "cancel_one", {"job_id": ended, "reason": "why"}, set(), 12_000, 1000),
        Hot("pause", "pause", {"kind": "queue", "name": "a", "reason": "why", "paused_by": None}, set(), blocks=200),
        Hot("resume", "resume", {"kind": "queue", "name": "a"}, set(), blocks=200),
        Hot("enqueue_one", "enqueue_one", {**job, "delay": None, "run_at": None}, set(), blocks=200),
        Hot("notify_idle", "notify_idle", {"queues": ["default"], "run_ats": [None]}, set(), blocks=200),
        Hot("insert_job", "insert_job", by_python, set(), blocks=200),
        Hot("insert_jobs", "insert_jobs", {**together, "early": True}, set(), blocks=400),
        *(
            Hot(f"read_results, {told}", "read_results", {**span, "ids": sorted(ids)}, set(), blocks=blocks, rows=1000)
            for told, ids, blocks in (("running", running, 2000), ("ended", [ended], 12_000))
            for span in ({"ended_from": "-infinity", "ended_to": "infinity"},)
        ),
        Hot(
            "register_waits",
            "register_waits",
            {"ids": running, "waiter": 1, "seconds": 60.0},
            set(),
            blocks=5000,
            rows=1000,
        ),
        Hot("complete_in_transaction", "complete_in_transaction", one, set(), blocks=200),
        Hot("list_job_types", "list_job_types", {"job_type": "nobody's"}, types, 2 * OTHERS),
    ]


def reader_statements(connection: Connection[Any]) -> list[Hot]:
    """Those of the command line; after ``hold``."""
    running = _ids(connection, "live WHERE worker_id IS NOT NULL")
    ended = _ids(connection, "history WHERE status = 'failed'")[0]
    cancellations = {("cancellations", None), ("cancellations", "cancellations_pkey")}
    history = {BY_HISTORY, ("history", None)}
    shown = {*BY_ID, *history, ("workers", None), ("workers", "workers_pkey"), *cancellations}
    shown |= {
        ("fleets", None),
        ("fleets", "fleets_pkey"),
        ("declarations", None),
        ("declarations", "declarations_pkey"),
        ("job_types", "job_types_pkey"),
    }
    return [
        Hot(
            "list_declared",
            "list_declared",
            {"limit": 1000},
            {("job_types", None), ("job_types", "job_types_pkey")},
            2 * OTHERS,
        ),
        Hot("find_live, by an operator", "find_live", {"ids": running}, BY_ID),
        Hot(
            "name_workers",
            "name_workers",
            {"worker_ids": [1, 2]},
            {("workers", None), ("workers", "workers_pkey")},
            ANY,
            ANY,
        ),
        Hot(
            "retry_job",
            "retry_job",
            {"id": ended},
            {*history, *cancellations, ("job_types", "job_types_pkey")},
            HISTORY,
            ANY,
        ),
        *(
            Hot(f"show_job, {told}", "show_job", {"first": one, "last": one, "limit": 6}, shown, HISTORY, ANY)
            for told, one in (("running", running[0]), ("ended", ended))
        ),
    ]


def _ids(connection: Connection[Any], source: str) -> list[UUID]:
    rows = connection.execute(f"SELECT id FROM pooljobs.{source} ORDER BY run_at, id LIMIT {BATCH}".encode()).fetchall()
    return [row[0] for row in rows]
