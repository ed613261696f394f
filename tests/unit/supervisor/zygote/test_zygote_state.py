"""Which zygote is asked for a worker, which is killed, and when the next one is forked."""

from __future__ import annotations

import pytest

from pooljobs_supervisor.zygote.zygote_state import (
    BIRTH_LIMIT,
    EndHungZygote,
    EndZygote,
    ForkZygote,
    ZygoteAction,
    ZygoteRecord,
    Zygotes,
)


class House:
    """Zygotes of a supervisor that obeys the books; time is told."""

    def __init__(self) -> None:
        self.books = Zygotes()
        self.pid = 0

    def plan(
        self, wanted: int = 0, now: float = 0.0, *, serving: bool = True, waiting: dict[int, float] | None = None
    ) -> list[ZygoteAction]:
        return self.books.plan(wanted, serving=serving, waiting=waiting or {}, now=now)

    def forked(self, generation: int = 0, *, ready: bool = True) -> ZygoteRecord:
        self.pid += 1
        record = ZygoteRecord(self.pid, generation, forked=0.0)
        self.books.forked(record)
        if ready:
            self.books.ready(record, 0.0)
        return record

    def dies(self, record: ZygoteRecord, status: int = -9, now: float = 1.0) -> None:
        self.books.died(record.pid, status, now)


@pytest.fixture
def house() -> House:
    return House()


def test_the_first_is_forked_at_once_and_asked_once_it_has_loaded(house: House) -> None:
    assert house.plan() == [ForkZygote(0)]
    first = house.forked(ready=False)
    assert house.plan() == []
    assert not house.books.has(0)
    house.books.ready(first, 1.0)
    assert house.books.source is first
    assert house.plan() == []


def test_one_that_dies_is_replaced_at_once_and_one_that_does_not_load_later_and_later(house: House) -> None:
    for _ in range(5):
        house.dies(house.forked())
        assert house.plan(now=1.0) == [ForkZygote(0)]
    house.dies(house.forked(ready=False), now=1.0)
    assert house.plan(now=1.0) == [ForkZygote(0)]
    house.dies(house.forked(ready=False), now=1.0)
    assert house.plan(now=1.0) == []
    assert 0 < house.books.pause(0, 1.0, longest=5.0) < 1.0
    assert house.plan(now=1.2) == [ForkZygote(0)]


def test_a_fork_that_is_refused_waits_as_after_a_death(house: House) -> None:
    house.books.fork_failed(1.0)
    house.books.fork_failed(1.0)
    assert house.plan(now=1.0) == []
    assert house.plan(now=1.2) == [ForkZygote(0)]


def test_newer_code_loads_beside_the_old_which_stays_until_a_worker_has_proved_it(house: House) -> None:
    old = house.forked()
    assert house.plan(wanted=1) == [ForkZygote(1)]
    new = house.forked(1, ready=False)
    assert (house.books.source, house.books.has(1)) == (old, False)
    house.books.ready(new, 1.0)
    assert (house.books.source, house.books.has(1)) == (new, True)
    assert house.plan(wanted=1) == []
    house.books.prove(0)
    assert house.plan(wanted=1) == []
    house.books.prove(1)
    assert house.plan(wanted=1) == [EndZygote(old)]


def test_code_that_does_not_load_is_not_tried_again_while_there_is_an_older_one(house: House) -> None:
    old = house.forked()
    house.dies(house.forked(1, ready=False), status=3)
    assert house.books.failure(1) == "exit code 3"
    assert house.books.failure(2) == ""
    assert house.plan(wanted=1, now=500.0) == []
    assert house.books.source is old
    assert house.plan(wanted=2, now=500.0) == [ForkZygote(2)]
    house.dies(old)
    assert house.plan(wanted=1, now=500.0) == [ForkZygote(1)], "there is no other code to be had"
    again = house.forked(1)
    assert house.books.failure(1) == ""
    assert house.books.source is again


def test_code_that_loads_and_is_rejected_is_ended_if_there_is_an_older_one(house: House) -> None:
    old, new = house.forked(), house.forked(1)
    house.books.reject(1)
    assert house.plan(wanted=1) == [EndZygote(new)]
    assert house.books.source is old
    new.ended = True
    house.dies(new)
    assert house.plan(wanted=1, now=500.0) == []


def test_the_only_code_cannot_be_rejected(house: House) -> None:
    only = house.forked(1)
    house.books.reject(1)
    assert house.plan(wanted=1) == []
    assert house.books.source is only


def test_what_loads_code_that_is_out_of_date_is_ended(house: House) -> None:
    late = house.forked(1, ready=False)
    assert house.plan(wanted=2) == [EndZygote(late), ForkZygote(2)]


def test_one_that_gives_no_answer_is_killed_until_it_is_gone_and_not_asked_any_more(house: House) -> None:
    stuck = house.forked()
    waiting = {stuck.pid: 10.0}
    assert house.plan(now=10.0 + BIRTH_LIMIT - 0.1, waiting=waiting) == []
    assert house.plan(now=10.0 + BIRTH_LIMIT, waiting=waiting) == [EndHungZygote(stuck)]
    stuck.lost = True
    assert house.plan(now=50.0, waiting=waiting) == [EndHungZygote(stuck)]
    assert not house.books.has(0)
    house.dies(stuck, now=51.0)
    assert house.plan(now=51.0) == [ForkZygote(0)]


def test_one_that_loads_for_too_long_is_killed_and_that_is_a_failed_start(house: House) -> None:
    slow = house.forked(ready=False)
    assert house.plan(now=house.books.boot_timeout - 1.0) == []
    assert house.plan(now=house.books.boot_timeout) == [EndHungZygote(slow)]
    house.dies(slow, now=house.books.boot_timeout)
    assert house.books.failure(0) == "killed by SIGKILL"


def test_at_the_end_all_are_killed_and_none_is_forked(house: House) -> None:
    both = house.forked(), house.forked(1, ready=False)
    assert house.plan(wanted=1, serving=False) == [EndZygote(zygote) for zygote in both]
    for zygote in both:
        zygote.ended = True
        house.dies(zygote)
    assert house.plan(wanted=1, now=500.0, serving=False) == []


def test_a_slow_one_is_told_once(house: House) -> None:
    slow = house.forked(ready=False)
    assert house.books.slow(29.0) == []
    assert house.books.slow(31.0) == [slow]
    assert house.books.slow(32.0) == []
