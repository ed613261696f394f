"""The yardstick: the claim and settle statements in a bare loop. What the server does when nobody runs a handler."""

from __future__ import annotations

import multiprocessing
import secrets
import socket
import time

import orjson
import psycopg

from pooljobs.db.arrays import LevelArray, TextArray, TimeArray, UuidArray
from pooljobs.db.binary import split
from pooljobs.db.connect import pin
from pooljobs.db.settlement import settle
from pooljobs.db.statements import Statements
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs_worker.claims.lanes import START, Floor


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
    cursor = connection.cursor(binary=True)
    row = cursor.execute(
        statements.claim,
        {
            "worker_id": worker,
            "token": token,
            "limit": batch,
            "queues": TextArray(["default"]),
            "priorities": LevelArray([0]),
            "floor_times": TimeArray([floor[0]]),
            "floor_ids": UuidArray([floor[1]]),
        },
        prepare=True,
    ).fetchone()
    assert row is not None
    _, packed, places, run_ats, columns, _ = row
    if not isinstance(packed, bytes) or not isinstance(places, bytes) or not isinstance(run_ats, bytes):
        return None
    ids, fences = split(packed, 16), orjson.loads(str(columns))[0]
    settlements = [
        Settlement(job_id, fence, token, Verdict.COMPLETED, place=place)
        for job_id, fence, place in zip(ids, fences, split(places, 6), strict=True)
    ]
    settle(connection, statements, settlements)
    return run_ats[:8], ids[0]
