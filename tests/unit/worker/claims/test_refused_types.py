"""Types whose payloads were refused here are remembered for as long as their jobs may come again, and no longer."""

from __future__ import annotations

from pooljobs_worker.claims.refused_types import MEMORY_SECS, RefusedTypes


def test_a_type_is_forgotten_some_time_after_its_last_refusal() -> None:
    types = RefusedTypes()
    assert types.names(0.0) == []
    types.add("sell", 0.0)
    types.add("buy", 1.0)
    types.add("sell", 2.0)
    assert types.names(MEMORY_SECS + 0.5) == ["sell", "buy"]
    assert types.names(MEMORY_SECS + 1.5) == ["sell"]
    assert types.names(MEMORY_SECS + 2.0) == []
