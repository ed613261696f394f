"""The yardstick: the claim and settle statements in a bare loop. What the server does when nobody runs a handler."""

from __future__ import annotations

import multiprocessing
import secrets
import socket
import time

import orjson
import psycopg

from pooljobs.db.connect import pin
from pooljobs.db.settlement import settle
from pooljobs.db.statements import Statements
from pooljobs.job.verdict import Settlement, Verdict

Floor = tuple[str, str]
START: Floor = ("-infinity", "00000000-0000-0000-0000-000000000000")


def drain(dsn: str, procs: int, batch: int) -> float:
    """Empties the queue with ``procs`` bare loops; the processor seconds they took."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(procs) as pool:
        return sum(pool.starmap(_loop, [(dsn, batch)] * procs))


def _loop(dsn: str, batch: int) -> float:
    statements = Statements("pooljobs")
    with psycopg.connect(dsn, autocommit=True) as connection:
        pin(connection)
        row = connection.execute(
            statements.load("register_worker"),
            {"host": socket.gethostname(), "pid": 0, "ordinal": 0, "queues": ["default"], "job_timeout": 600.0},
        ).fetchone()
        assert row is not None
        began = time.process_time()
        floor = START
        while found := _turn(connection, statements, row[0], batch, floor):
            floor = found
        return time.process_time() - began


def _turn(
    connection: psycopg.Connection[tuple[object, ...]], statements: Statements, worker: object, batch: int, floor: Floor
) -> Floor | None:
    token = secrets.randbits(63)
    row = connection.execute(
        statements.claim,
        {
            "worker_id": worker,
            "token": token,
            "limit": batch,
            "queues": ["default"],
            "priorities": [0],
            "floor_times": [floor[0]],
            "floor_ids": [floor[1]],
        },
        prepare=True,
    ).fetchone()
    assert row is not None
    jobs, floors = row[1], row[2]
    if not isinstance(jobs, str) or not isinstance(floors, str):
        return None
    ids = [(bytes.fromhex(job[0].replace("-", "")), job[1]) for job in orjson.loads(jobs)]
    settle(connection, statements, [Settlement(job_id, fence, token, Verdict.COMPLETED) for job_id, fence in ids])
    ((_, _, run_at, lowest),) = orjson.loads(floors)
    return run_at, lowest
