"""Stores jobs by hot statements on a connection of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg import Connection

from pooljobs.db import columns
from pooljobs.db.statements import Statements
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.job.new_job import NewJob

_OTHERS: Final = {"id": Oid.UUID, "run_at": Oid.TIMESTAMPTZ, "delay": Oid.FLOAT8, "early": Oid.BOOL}
"""Parameters beside the columns that are given as they are."""

_TRUE: Final = binary_format.boolean(True)  # noqa: FBT003  # the value itself


class InsertStatement:
    """One schema's; on whichever connections. Threads may share it."""

    def __init__(self, statements: Statements) -> None:
        given = columns.given()
        self._encode = [one.encode for _, one in given]
        self._hot = HotStatement(
            "insert_job", statements.load("insert_job"), types=_OTHERS | {name: one.oid for name, one in given}
        )

    def store(self, connection: Connection[Any], job: NewJob, job_id: bytes) -> bool:
        """Stores it under this id; whether the commit is early and the caller has to wait for the disk."""
        values = [
            job_id,
            None if job.run_at is None else binary_format.timestamptz(job.run_at),
            binary_format.float8(job.delay_secs),
            _TRUE,
            *[encode(job) for encode in self._encode],
        ]
        return self._hot.row(connection, values)[1] == _TRUE

    def was_sent(self, connection: Connection[Any]) -> bool:
        """Whether a ``store`` that failed on this connection came as far as to send the job."""
        return self._hot.is_known_to(connection)


class InsertTogetherStatement:
    """``insert_jobs.sql``, as above: what several callers store in one transaction."""

    def __init__(self, statements: Statements) -> None:
        given = columns.given()
        self._encode = [(one.oid, one.encode) for _, one in given]
        types = {"ids": Oid.UUID_ARRAY, "run_ats": Oid.TIMESTAMPTZ_ARRAY, "delays": Oid.FLOAT8_ARRAY}
        types |= {name: binary_format.ARRAYS[one.oid] for name, one in given}
        self._hot = HotStatement("insert_jobs", statements.load("insert_jobs"), types=types | {"early": Oid.BOOL})

    def store(self, connection: Connection[Any], jobs: Sequence[NewJob], ids: bytes) -> bool:
        """Stores them, all or none, under these ids of 16 bytes; whether the commit is early, as above."""
        run_ats = [None if job.run_at is None else binary_format.timestamptz(job.run_at) for job in jobs]
        values: list[bytes | None] = [
            binary_format.raw_array(Oid.UUID, 16, binary_format.split(ids, 16)),
            binary_format.raw_array_with_nulls(Oid.TIMESTAMPTZ, 8, run_ats),
            binary_format.numbers(Oid.FLOAT8, "d", [job.delay_secs for job in jobs]),
            *[binary_format.array(oid, [encode(job) for job in jobs]) for oid, encode in self._encode],
            _TRUE,
        ]
        return self._hot.row(connection, values)[0] == _TRUE

    def was_sent(self, connection: Connection[Any]) -> bool:
        """As above."""
        return self._hot.is_known_to(connection)
