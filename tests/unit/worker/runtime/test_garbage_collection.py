"""The collector looks less often, unless somebody has chosen otherwise, and never at what was there before."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pooljobs_worker.runtime.garbage_collection import YOUNG, look_less_often, pass_over_what_is_there


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.parametrize(("before", "after"), [(700, YOUNG), (2000, YOUNG), (YOUNG + 1, YOUNG + 1), (0, 0)])
def test_what_was_chosen_stays(before: int, after: int) -> None:
    gc.set_threshold(before, 7, 9)
    look_less_often()
    assert gc.get_threshold()[:2] == (after, 7)


def test_what_is_there_is_passed_over_and_what_comes_is_not() -> None:
    class Held:
        def __init__(self) -> None:
            self.itself = self

    before = Held()
    pass_over_what_is_there()
    after = Held()
    watched = {id(before): False, id(after): False}
    watched |= {key: True for key in map(id, gc.get_objects()) if key in watched}
    assert watched == {id(before): False, id(after): True}
