"""A service of the steward's begins anew when it breaks, and says so once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from pooljobs_steward import service_thread as module
from pooljobs_steward.service_thread import ServiceThread
from pooljobs_steward.statement_watchdog import StatementWatchdog
from tests.support.waiting import wait_until

LOG = logging.getLogger("test")


@dataclass
class Record:
    """What the tasks of one helper did."""

    begun: int = 0
    closed: int = 0
    works: threading.Event = field(default_factory=threading.Event)


def helper(record: Record, breaks: Callable[[int], bool]) -> ServiceThread:
    """Whose n-th task breaks if ``breaks(n)``, and works until it is stopped otherwise."""

    class Counting:
        def __init__(self, stopping: threading.Event) -> None:
            self._stopping = stopping
            record.begun += 1

        def run(self) -> None:
            if breaks(record.begun):
                raise LookupError("a bug")
            record.works.set()
            self._stopping.wait()

        def close(self) -> None:
            record.closed += 1

    def begin(*, stopping: threading.Event, watchdog: StatementWatchdog) -> Counting:
        return Counting(stopping)

    return ServiceThread("clerk", begin, without="it is done by hand", timeout=1.0, log=LOG)


@pytest.mark.hazard(
    "A thread of the steward's breaks, or waits on a silent connection, and nobody sees it",
    closed="it begins anew (`supervisor/pooljobs_steward/service_thread.py`); the main thread cuts the connection "
    "(`supervisor/pooljobs_steward/statement_watchdog.py`)",
    area="chores",
)
def test_one_that_breaks_begins_anew_and_tells_of_a_series_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHORTEST_PAUSE", 0.001)
    record = Record()
    with helper(record, lambda begun: begun < 4):
        wait_until(record.works.is_set, what="the fourth to work")
    assert (record.begun, record.closed) == (4, 4)
    (line,) = caplog.records
    assert "clerk broke" in line.message
    assert "done by hand" in line.message
    assert line.exc_info is not None


def test_one_that_cannot_even_begin_does_not_hold_up_the_end() -> None:
    record = Record()
    with helper(record, lambda _: True):
        wait_until(lambda: record.closed, what="the first to break")
    assert record.begun == record.closed


def test_one_that_works_is_let_go_at_the_end() -> None:
    record = Record()
    with helper(record, lambda _: False):
        wait_until(record.works.is_set, what="it to work")
    assert (record.begun, record.closed) == (1, 1)
