"""Stores unique jobs by hot statements on a connection of ours."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from pooljobs.db import columns
from pooljobs.db.statements import Statements
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.db.wire.unique_block import MANY, ONE, Stored, UniqueBlock, rule_of
from pooljobs.job.new_job import NewJob
from pooljobs.job.unique_rule import UniqueRule


class InsertUniqueStatement:
    """``insert_unique.sql``: one job. Threads may share it."""

    def __init__(self, statements: Statements) -> None:
        given = columns.given()
        self._encode = [one.encode for _, one in given]
        types = ONE | {name: one.oid for name, one in given}
        self._hot = HotStatement("insert_unique", statements.load("insert_unique"), types=types)

    def store(self, connection: Connection[Any], job: NewJob, job_id: bytes) -> Stored:
        """Stores it under this id, or finds the one that is there."""
        rule = rule_of(job)
        values = [job_id, *_when(job), rule.digest(job.job_type, job.payload), *_rule(rule)]
        found, outcome, _ = self._hot.row(connection, values + [encode(job) for encode in self._encode])
        assert found is not None
        assert outcome is not None
        return Stored(bytes.fromhex(found.decode().replace("-", "")), outcome.decode()[0])

    def was_sent(self, connection: Connection[Any]) -> bool:
        """Whether a ``store`` that failed on this connection came as far as to send the job."""
        return self._hot.is_known_to(connection)


class InsertUniqueJobsStatement:
    """``insert_unique_jobs.sql``: a block of them."""

    def __init__(self, statements: Statements) -> None:
        *alike, _ = columns.given()  # all but the payload
        self._encode = [one.encode for _, one in alike]
        types = MANY | {name: one.oid for name, one in alike} | {columns.PAYLOAD: Oid.JSONB_ARRAY}
        query = statements.load("insert_unique_jobs")
        self._hot = HotStatement("insert_unique_jobs", query, types=types, kept=False)

    def store(self, connection: Connection[Any], block: UniqueBlock, ids: bytes) -> Stored:
        """Stores those that are not there under these ids of 16 bytes, one for each key."""
        job = block.job
        payloads = [binary_format.jsonb(payload) for payload in block.payloads]
        values: list[bytes | None] = [
            binary_format.raw_array(Oid.UUID, 16, binary_format.split(ids, 16)),
            binary_format.raw_array(Oid.BYTEA, 32, block.keys),
            *_when(job),
            binary_format.boolean(block.rule.replaces),
            *_rule(block.rule),
            *[encode(job) for encode in self._encode],
            binary_format.array(Oid.JSONB, payloads),
        ]
        found, letters, _ = self._hot.row(connection, values)
        assert found is not None
        assert letters is not None
        return block.stored(bytes.fromhex(found.decode()), letters.decode())


def _when(job: NewJob) -> list[bytes | None]:
    run_at = None if job.run_at is None else binary_format.timestamptz(job.run_at)
    return [run_at, binary_format.float8(job.delay_secs)]


def _rule(rule: UniqueRule) -> list[bytes | None]:
    within, most = (None if secs is None else binary_format.float8(secs) for secs in (rule.within, rule.most))
    return [binary_format.boolean(rule.until_start), within, binary_format.text(rule.on_conflict), most]
