"""Turns by weight: every queue has its share, at any time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pooljobs_worker.claims.queue_rotation import QueueRotation

WEIGHTS = st.lists(st.integers(1, 100), min_size=1, max_size=8).map(
    lambda weights: {f"queue {n}": weight for n, weight in enumerate(weights)}
)


def firsts(weights: dict[str, int], count: int) -> list[str]:
    rotation = QueueRotation(weights)
    return [rotation.next()[0] for _ in range(count)]


@given(WEIGHTS)
def test_after_any_number_of_turns_each_has_had_its_share_within_one(weights: dict[str, int]) -> None:
    total = sum(weights.values())
    had = dict.fromkeys(weights, 0)
    for turn, name in enumerate(firsts(weights, 2 * total), 1):
        had[name] += 1
        for other, weight in weights.items():
            assert abs(had[other] * total - turn * weight) < total, f"{other} after {turn} turns"


@given(WEIGHTS, st.integers(0, 100))
def test_any_window_as_long_as_the_sum_of_the_weights_holds_each_weight(weights: dict[str, int], begin: int) -> None:
    total = sum(weights.values())
    window = firsts(weights, begin + total)[begin:]
    assert {name: window.count(name) for name in weights} == weights


@given(WEIGHTS)
def test_every_turn_names_all_queues(weights: dict[str, int]) -> None:
    rotation = QueueRotation(weights)
    for _ in range(5):
        assert sorted(rotation.next()) == sorted(weights)


def test_equal_weights_go_round() -> None:
    rotation = QueueRotation({"a": 2, "b": 2, "c": 2})
    assert ["".join(rotation.next()) for _ in range(4)] == ["abc", "bca", "cab", "abc"]


def test_a_weight_is_spread_and_not_spent_at_once() -> None:
    assert "".join(firsts({"a": 3, "b": 1}, 8)) == "aabaaaba"
