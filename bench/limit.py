"""The yardstick: the claim and settle statements in a bare loop. What the server does when nobody runs a handler."""

from __future__ import annotations

import multiprocessing
import secrets
import socket
import time
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from pooljobs.db.connect import pin
from pooljobs.db.statements import Statements
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.db.wire.binary_format import split
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs_worker.claims.claim_statement import ClaimStatement
from pooljobs_worker.claims.lanes import START, ClaimPlan, Floor
from pooljobs_worker.session.registration import new_worker_id


def drain(dsn: str, procs: int, batch: int) -> float:
    """Empties the queue with ``procs`` bare loops; the processor seconds they took."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(procs) as pool:
        return sum(pool.starmap(_loop, [(dsn, batch)] * procs))


def _loop(dsn: str, batch: int) -> float:
    statements = Statements("pooljobs")
    with psycopg.connect(dsn, autocommit=True) as connection:
        pin(connection)
        worker_id = new_worker_id()
        who = {"id": worker_id, "fleet": 0, "code": 0, "host": socket.gethostname(), "pid": 0, "ordinal": 0}
        connection.execute(statements.load("register_worker"), who | {"queues": ["default"], "job_timeout": 600.0})
        bare = _Bare(connection, worker_id, ClaimStatement(statements), SettlementBatch(statements))
        began = time.process_time()
        floor: Floor | None = START
        while floor is not None:
            floor = bare.turn(batch, floor)
        return time.process_time() - began


@dataclass(frozen=True)
class _Bare:
    connection: psycopg.Connection[Any]
    worker_id: int
    claim: ClaimStatement
    settling: SettlementBatch

    def turn(self, batch: int, floor: Floor) -> Floor | None:
        """Claims and completes one batch; the next one's floor, None if there was nothing."""
        token = secrets.randbits(63)
        answer = self.claim.ask(
            self.connection, self.worker_id, token, batch, ClaimPlan(visits=[("default", 0)], floors=[floor], swept=[])
        )
        assert answer is not None
        if not answer.ids or not answer.places or not answer.run_ats or not answer.columns:
            return None
        ids, fences = split(answer.ids, 16), orjson.loads(answer.columns)[0]
        settlements = [
            Settlement(job_id, fence, token, Verdict.COMPLETED, place=place)
            for job_id, fence, place in zip(ids, fences, split(answer.places, 6), strict=True)
        ]
        self.settling.settle(self.connection, settlements)
        return answer.run_ats[:8], ids[0]
