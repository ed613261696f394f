"""Shapes of payloads that were refused here are remembered for as long as their jobs may come again, and no longer."""

from __future__ import annotations

from pooljobs_worker.claims.refused_shapes import MEMORY_SECS, MOST, RefusedShapes, shape_of


def test_a_shape_is_forgotten_some_time_after_its_last_refusal() -> None:
    shapes = RefusedShapes()
    assert shapes.all(0.0) == []
    shapes.add(b"sell", 0.0)
    shapes.add(b"buy", 1.0)
    shapes.add(b"sell", 2.0)
    assert set(shapes.all(MEMORY_SECS + 0.5)) == {b"sell", b"buy"}
    assert shapes.all(MEMORY_SECS + 1.5) == [b"sell"]
    assert shapes.all(MEMORY_SECS + 2.0) == []


def test_only_the_last_ones_are_remembered() -> None:
    shapes = RefusedShapes()
    for number in range(3 * MOST):
        shapes.add(b"%d" % number, 0.0)
    shapes.add(b"0", 0.0)
    assert shapes.all(0.0) == [*(b"%d" % number for number in range(2 * MOST + 1, 3 * MOST)), b"0"]


def test_types_fields_and_kinds_of_values_part_shapes_and_values_do_not() -> None:
    told = shape_of("sell", {"n": 1, "gift": True})
    assert told == shape_of("sell", {"gift": False, "n": 2.5})
    others = [("buy", {"n": 1, "gift": True}), ("sell", {"n": 1}), ("sell", {"n": "1", "gift": True}), ("sell", [1])]
    assert len({told, *(shape_of(*other) for other in others)}) == 1 + len(others)
