"""The kernel's count of kills for lack of memory, as it stands in files."""

from __future__ import annotations

import doctest
from pathlib import Path

from pooljobs_supervisor.forking import oom
from pooljobs_supervisor.forking.oom import OomCounter, own_events


def test_only_a_rise_since_the_last_look_counts(tmp_path: Path) -> None:
    events = tmp_path / "memory.events"
    events.write_text("oom 4\noom_kill 4\n")
    counter = OomCounter(events)
    assert not counter.rose()
    events.write_text("oom 5\noom_kill 5\n")
    assert counter.rose()
    assert not counter.rose()


def test_without_a_count_nothing_is_said(tmp_path: Path) -> None:
    assert not OomCounter(None).rose()
    gone = OomCounter(tmp_path / "memory.events")
    assert not gone.rose()


def test_the_example_holds() -> None:
    assert doctest.testmod(oom) == (0, 1)


def test_the_count_is_that_of_the_own_control_group(tmp_path: Path) -> None:
    membership, events = tmp_path / "cgroup", tmp_path / "mount/system.slice/jobs.service/memory.events"
    events.parent.mkdir(parents=True)
    events.touch()
    membership.write_text("4:memory:/elsewhere\n0::/system.slice/jobs.service\n")
    assert own_events(membership, tmp_path / "mount") == events
    membership.write_text("4:memory:/elsewhere\n")
    assert own_events(membership, tmp_path / "mount") is None
    assert own_events(tmp_path / "absent") is None
