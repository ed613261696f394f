"""What a worker's claims pass over: jobs that are for other workers, as far as it has met any. Asked by the claimer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pooljobs_worker.claims.foreign import Foreign
from pooljobs_worker.claims.refused_shapes import RefusedShapes


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Parameters of ``pass_over.sql``."""

    types: Sequence[str]
    only_these: bool
    refused_shapes: Sequence[bytes]


def passed_over(foreign: Foreign, refused: RefusedShapes, now: float) -> PassedOver | None:
    """None in nearly all workers at nearly all times: then claims have the text that asks for none of it."""
    refused_shapes = refused.all(now)
    if not foreign.met and not refused_shapes:
        return None
    return PassedOver(*foreign.types(), refused_shapes)
