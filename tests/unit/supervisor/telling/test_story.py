"""The line that programs wait for is recognised, however it is worded."""

from __future__ import annotations

import logging

import pytest

from pooljobs.scoreboard import Role
from pooljobs_supervisor.fleet.children import ChildRecord, Place
from pooljobs_supervisor.telling.story import Story, tells_ready

LOG = logging.getLogger("test")


@pytest.mark.parametrize("procs", [1, 2, 12])
def test_that_all_are_ready_is_told_once_and_recognised(procs: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="test")
    story = Story(LOG, procs, lambda wanted: wanted)
    story.starting(4711, 0.0)
    for number in range(1, procs + 1):
        assert not tells_ready(caplog.text)
        story.ready(ChildRecord(Place(Role.WORKER, number), number, number, 0.0), number, 0.25)
    assert tells_ready(caplog.text)
    caplog.clear()
    story.ready(ChildRecord(Place(Role.WORKER, 1), 99, 1, 0.0), procs, 60.0)
    assert not tells_ready(caplog.text)
