"""The ration of notifications: what comes alone is told of, a flood is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pooljobs_supervisor.steward.ration import A_SECOND, SAVED, Ration


def test_a_new_ration_is_ample() -> None:
    assert Ration().ample(0.0)
    assert not Ration().used_up(0.0)


def test_a_flood_uses_it_up_and_it_comes_back_with_time() -> None:
    ration = Ration()
    ration.spend(SAVED, 0.0)
    assert ration.used_up(0.0)
    wait = ration.seconds_to_ample(0.0)
    assert not ration.ample(wait * 0.9)
    assert ration.ample(wait * 1.01)


def test_jobs_that_come_one_by_one_never_use_it_up() -> None:
    ration = Ration()
    for n in range(1000):
        ration.spend(1.0, n / A_SECOND)
        assert not ration.used_up(n / A_SECOND)


@given(prices=st.lists(st.tuples(st.floats(0, 10_000), st.floats(0, 10)), max_size=50))
def test_no_more_is_spent_in_the_long_run_than_was_saved_and_granted(prices: list[tuple[float, float]]) -> None:
    """Whoever pays only while something is left spends what was granted, what was saved, and one price over."""
    ration, now, spent, dearest = Ration(), 0.0, 0.0, 0.0
    for price, later in prices:
        now += later
        if not ration.used_up(now):
            ration.spend(min(price, SAVED), now)
            spent += min(price, SAVED)
            dearest = max(dearest, min(price, SAVED))
    assert spent <= SAVED + now * A_SECOND + dearest + 1e-6


@given(price=st.floats(0, 1e9), later=st.floats(0, 100))
def test_a_debt_is_bounded_so_the_wait_is(price: float, later: float) -> None:
    ration = Ration()
    ration.spend(price, 0.0)
    assert ration.seconds_to_ample(later) <= 2 * SAVED / A_SECOND
