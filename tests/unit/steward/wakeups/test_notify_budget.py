"""The budget of notifications: what comes alone is told of, a flood is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pooljobs_steward.wakeups.notify_budget import A_SECOND, SAVED, NotifyBudget


def test_a_new_budget_is_ample() -> None:
    assert NotifyBudget().seconds_to_ample(0.0) == 0.0
    assert not NotifyBudget().used_up(0.0)


def test_a_flood_uses_it_up_and_it_comes_back_with_time() -> None:
    budget = NotifyBudget()
    budget.spend(SAVED, 0.0)
    assert budget.used_up(0.0)
    wait = budget.seconds_to_ample(0.0)
    assert wait > 0.0
    assert budget.seconds_to_ample(wait * 0.9) > 0.0
    assert budget.seconds_to_ample(wait * 1.01) == 0.0


def test_jobs_that_come_one_by_one_never_use_it_up() -> None:
    budget = NotifyBudget()
    for n in range(1000):
        budget.spend(1.0, n / A_SECOND)
        assert not budget.used_up(n / A_SECOND)


@given(prices=st.lists(st.tuples(st.floats(0, 10_000), st.floats(0, 10)), max_size=50))
def test_no_more_is_spent_in_the_long_run_than_was_saved_and_granted(prices: list[tuple[float, float]]) -> None:
    """Whoever pays only while something is left spends what was granted, what was saved, and one price over."""
    budget, now, spent, dearest = NotifyBudget(), 0.0, 0.0, 0.0
    for price, later in prices:
        now += later
        if not budget.used_up(now):
            budget.spend(min(price, SAVED), now)
            spent += min(price, SAVED)
            dearest = max(dearest, min(price, SAVED))
    assert spent <= SAVED + now * A_SECOND + dearest + 1e-6


@given(price=st.floats(0, 1e9), later=st.floats(0, 100))
def test_a_debt_is_bounded_so_the_wait_is(price: float, later: float) -> None:
    budget = NotifyBudget()
    budget.spend(price, 0.0)
    assert budget.seconds_to_ample(later) <= 2 * SAVED / A_SECOND
