"""What a worker's claims pass over: jobs that are for other workers, as far as it has met any, and paused types.
Asked by the claimer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pooljobs.job.paused import Paused
from pooljobs_worker.claims.foreign_jobs import ForeignJobs
from pooljobs_worker.claims.refused_shapes import RefusedShapes


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """Parameters of ``pass_over.sql``."""

    types: Sequence[str]
    only_these: bool
    refused_shapes: Sequence[bytes]


def passed_over(foreign_jobs: ForeignJobs, refused: RefusedShapes, paused: Paused, now: float) -> PassedOver | None:
    """None in nearly all workers at nearly all times: then claims have the text that asks for none of it."""
    refused_shapes = refused.all(now)
    if not foreign_jobs.met and not refused_shapes and not paused.types:
        return None
    types, only_these = foreign_jobs.types()
    if paused.types:
        types = paused.narrowed(types, only_these=only_these)
    return PassedOver(types=types, only_these=only_these, refused_shapes=refused_shapes)
