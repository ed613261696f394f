"""When what was refused is tried again."""

from __future__ import annotations

from pooljobs.job.verdict import Settlement, Verdict
from pooljobs_worker.settling.set_aside import LONGEST, SHORTEST, Ended, SetAside


def ended(entry: int) -> Ended:
    return Settlement(bytes(16), 1, 1, Verdict.COMPLETED), entry


def test_it_is_tried_after_a_pause_and_later_and_later_while_all_is_refused() -> None:
    aside, now, seen = SetAside(), 100.0, []
    aside.put([ended(0)], now)
    for _ in range(6):
        seconds = aside.seconds(now)
        assert seconds is not None
        seen.append(seconds)
        assert not aside.take(now + seconds - 0.1)
        now += seconds
        aside.put(aside.take(now), now)
    assert seen == [SHORTEST, SHORTEST * 2, SHORTEST * 4, SHORTEST * 8, LONGEST, LONGEST]


def test_what_comes_later_puts_nothing_off() -> None:
    aside = SetAside()
    aside.put([ended(0)], 100.0)
    aside.put([ended(1)], 100.0 + SHORTEST - 1)
    assert [entry for _, entry in aside.take(100.0 + SHORTEST)] == [0, 1]
    assert aside.seconds(200.0) is None


def test_after_one_has_passed_the_rest_are_tried_soon() -> None:
    aside, now = SetAside(), 100.0
    aside.put([ended(0), ended(1)], now)
    for _ in range(3):
        now += LONGEST
        aside.put(aside.take(now), now)
    rest = aside.take(now + LONGEST)[1:]
    aside.passed()
    aside.put(rest, now)
    assert aside.seconds(now) == SHORTEST


def test_the_last_try_waits_for_no_time() -> None:
    aside = SetAside()
    aside.put([ended(0)], 100.0)
    assert len(aside.take_all()) == 1
    assert not aside
