"""Unique jobs on their way to the database: what a statement is told of them, and what it tells.

Those of one block that have the same key are one job. The rows of ``uniques`` decide about all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from pooljobs.db.wire.binary_format import Oid
from pooljobs.db.wire.bulk_copy import Source
from pooljobs.job.handle import JobExistsError, JobHandle
from pooljobs.job.new_job import NewJob
from pooljobs.job.unique_rule import UniqueRule

NEW, KEPT, REPLACED = "n", "k", "r"

RULE: Final = {"until_start": Oid.BOOL, "within": Oid.FLOAT8, "on_conflict": Oid.TEXT, "most": Oid.FLOAT8}
ONE: Final = (
    {"lock_timeout": Oid.TEXT, "id": Oid.UUID, "run_at": Oid.TIMESTAMPTZ, "delay": Oid.FLOAT8, "unique_key": Oid.BYTEA}
) | RULE
MANY: Final = {
    "ids": Oid.UUID_ARRAY,
    "unique_keys": Oid.BYTEA_ARRAY,
    "run_at": Oid.TIMESTAMPTZ,
    "delay": Oid.FLOAT8,
    "replacing": Oid.BOOL,
} | RULE
"""Parameters of ``insert_unique.sql`` and ``insert_unique_jobs.sql``, beside the columns that are given as they are."""


class Stored(NamedTuple):
    """The jobs that are there now: 16 bytes of id for each that was enqueued, and the first letter of its outcome."""

    ids: bytes
    letters: str

    @classmethod
    def whole(cls, parts: Sequence[Stored]) -> Stored:
        """All of them, one behind the other."""
        return cls(b"".join(part.ids for part in parts), "".join(part.letters for part in parts))


class UniqueBlock:
    """Jobs that differ in their payloads alone, each key once.

    Attributes:
        keys: One for each job to store.
        payloads: Theirs; where jobs that are there are replaced, the last one of the key.
    """

    def __init__(self, job: NewJob, payloads: Sequence[bytes]) -> None:
        self.rule = rule_of(job)
        self.job = job
        places: dict[bytes, int] = {}
        found = self.rule.digests(job.job_type, payloads)
        self._places = [places.setdefault(key, len(places)) for key in found]
        self.keys = list(places)
        if len(self.keys) == len(found):
            self.payloads = list(payloads)
            return
        of_key = zip(found, payloads, strict=True)
        in_order = of_key if self.rule.replaces else reversed(list(of_key))
        last = dict(in_order)
        self.payloads = [last[key] for key in self.keys]

    @classmethod
    def whole(cls, source: Source) -> UniqueBlock:
        """All that ``source`` has left, which has begun."""
        jobs = list(source.jobs())
        return cls(jobs[0], [job.payload for job in jobs])

    def stored(self, ids: bytes, letters: str) -> Stored:
        """What became of the jobs as they were given, from what became of the keys."""
        if len(self._places) == len(self.keys):
            return Stored(ids, letters)
        again = REPLACED if self.rule.replaces else KEPT
        seen: set[int] = set()
        told = []
        for place in self._places:
            told.append(again if place in seen and letters[place] == NEW else letters[place])
            seen.add(place)
        return Stored(b"".join(ids[16 * place : 16 * place + 16] for place in self._places), "".join(told))


def unique_blocks(source: Source) -> Iterator[UniqueBlock]:
    """What ``source`` has, block by block."""
    source.begin()
    while source.block is not None:
        yield UniqueBlock(*source.block)
        source.advance()


def rule_of(job: NewJob) -> UniqueRule:
    """The rule of a job that has one."""
    assert job.unique is not None
    return job.unique


def refuse_kept(job: NewJob, stored: Stored) -> None:
    """Where the rule says so, raises for the first job that was there.

    Raises:
        JobExistsError: One was there.
    """
    if rule_of(job).on_conflict != "raise" or KEPT not in stored.letters:
        return
    place = 16 * stored.letters.index(KEPT)
    existing = UUID(bytes=stored.ids[place : place + 16])
    raise JobExistsError(
        f"{job.job_type}: the unique job is there: {existing}",
        hint="on_conflict='skip' keeps it, and gives its handle",
        existing=JobHandle(existing, job.job_type, job.queue, "kept"),
    )
