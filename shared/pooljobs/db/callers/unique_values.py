"""Parameters of the statements that store unique jobs, as texts for any driver."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from pooljobs.db import columns
from pooljobs.db.callers.caller_statement import array, text
from pooljobs.db.wire.unique_block import UniqueBlock, rule_of
from pooljobs.job.new_job import NewJob
from pooljobs.job.unique_rule import UniqueRule


def unique_values(job: NewJob) -> list[str | None]:
    """Those of ``insert_unique.sql``, in the order of ``insert_unique.ONE``."""
    rule = rule_of(job)
    key = rule.digest(job.job_type, job.payload)
    given = [text(one.value(job)) for _, one in columns.given()]
    return [None, None, text(job.run_at), text(job.delay_secs), _bytea(key), *_rule(rule), *given]


def unique_block_values(block: UniqueBlock, ids: Iterable[UUID]) -> list[str | None]:
    """Those of ``insert_unique_jobs.sql``, in the order of ``insert_unique.MANY``."""
    job = block.job
    *alike, _ = columns.given()  # all but the payload
    return [
        array(map(str, ids)),
        array(map(_bytea, block.keys)),
        text(job.run_at),
        text(job.delay_secs),
        _boolean(block.rule.replaces),
        *_rule(block.rule),
        *[text(one.value(job)) for _, one in alike],
        array(payload.decode() for payload in block.payloads),
    ]


def _rule(rule: UniqueRule) -> list[str | None]:
    return [_boolean(rule.until_start), text(rule.within), rule.on_conflict, text(rule.most)]


def _boolean(value: bool) -> str:  # the value itself
    return "t" if value else "f"


def _bytea(value: bytes) -> str:
    return rf"\x{value.hex()}"
