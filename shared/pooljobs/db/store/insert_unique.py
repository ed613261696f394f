"""Stores a unique job by a hot statement on a connection of ours."""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from pooljobs.db import columns
from pooljobs.db.statements import Statements
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.db.wire.unique_block import ONE, Stored, rule_of
from pooljobs.job.new_job import NewJob
from pooljobs.job.unique_rule import UniqueRule

LOCK_TIMEOUT: Final = b"200ms"
"""How long an attempt, unless it is the only one, waits for a transaction that has taken the same key. Whoever waits
longer leaves the connection to others, and comes back.
"""


class InsertUniqueStatement:
    """``insert_unique.sql``: one job. Threads may share it."""

    def __init__(self, statements: Statements) -> None:
        given = columns.given()
        self._encode = [one.encode for _, one in given]
        types = ONE | {name: one.oid for name, one in given}
        self._hot = HotStatement("insert_unique", statements.load("insert_unique"), types=types)

    def store(self, connection: Connection[Any], job: NewJob, job_id: bytes, lock_timeout: bytes | None) -> Stored:
        """Stores it under this id, or finds the one that is there. ``lock_timeout``: as PostgreSQL writes it."""
        rule = rule_of(job)
        key = rule.digest(job.job_type, job.payload)
        values = [lock_timeout, job_id, *when_values(job), key, *rule_values(rule)]
        found, outcome, _ = self._hot.row(connection, values + [encode(job) for encode in self._encode])
        assert found is not None
        assert outcome is not None
        return Stored(bytes.fromhex(found.decode().replace("-", "")), outcome.decode()[0])

    def was_sent(self, connection: Connection[Any]) -> bool:
        """Whether a ``store`` that failed on this connection came as far as to send the job."""
        return self._hot.is_known_to(connection)


def when_values(job: NewJob) -> list[bytes | None]:
    """When it is to run: the parameters ``run_at`` and ``delay``."""
    run_at = None if job.run_at is None else binary_format.timestamptz(job.run_at)
    return [run_at, binary_format.float8(job.delay_secs)]


def rule_values(rule: UniqueRule) -> list[bytes | None]:
    """The parameters that ``RULE`` names."""
    within, most = (None if secs is None else binary_format.float8(secs) for secs in (rule.within, rule.most))
    return [binary_format.boolean(rule.until_start), within, binary_format.text(rule.on_conflict), most]
