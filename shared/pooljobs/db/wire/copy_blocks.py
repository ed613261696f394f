"""Cuts a stream of new jobs into blocks, each of a bounded size: what is in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from typing import Final, TypeAlias

from pooljobs.job.new_job import NewJob

MOST_JOBS: Final = 1000
"""Jobs of a block. While the server stores one, the next is made ready."""

MOST_BYTES: Final = 1 << 20
"""Bytes of payload that end a block."""

Block: TypeAlias = tuple[NewJob, list[bytes]]
"""Jobs that are like the first part but for their payloads, which are the second."""


def alike(job: NewJob, payloads: Iterable[bytes]) -> Iterator[Block]:
    """Blocks of jobs that differ in their payloads alone; that of ``job`` itself does not count."""
    block, size = [], 0
    for payload in payloads:
        block.append(payload)
        size += len(payload)
        if len(block) >= MOST_JOBS or size >= MOST_BYTES:
            yield job, block
            block, size = [], 0
    if block:
        yield job, block


def mixed(jobs: Iterable[NewJob]) -> Iterator[Block]:
    """Blocks of any jobs, in their order: those that follow each other and differ in their payloads alone are one."""
    for _, group in groupby(jobs, _all_but_payload):
        yield from _one_kind(group)


def _one_kind(jobs: Iterator[NewJob]) -> Iterator[Block]:
    first = next(jobs)
    return alike(first, chain((first.payload,), map(_payload_of, jobs)))


def _payload_of(job: NewJob) -> bytes:
    return job.payload


def _all_but_payload(job: NewJob) -> tuple[object, ...]:
    return job[:1] + job[2:]
