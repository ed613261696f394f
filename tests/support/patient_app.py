"""The handlers of ``cancel_app`` in workers that give back nothing that waits: what they have claimed, they keep."""

from __future__ import annotations

from pooljobs_worker.execution import rebalance
from tests.support.cancel_app import LONG, app

__all__ = ["app"]

rebalance.PATIENCE_NS = int(LONG * 1e9)
