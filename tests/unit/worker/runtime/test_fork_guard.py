"""A process is told from those that were forked from it."""

from __future__ import annotations

import mmap
import os
import sys

import pytest

from pooljobs_worker.runtime.fork_guard import ForkGuard, PidForkGuard, make_origin


def of_child(fork_guard: ForkGuard) -> bool:
    """What a forked child finds."""
    child = os.fork()
    if not child:
        os._exit(1 if fork_guard[0] else 0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 1


@pytest.mark.parametrize("fork_guard", [make_origin(), PidForkGuard()], ids=["", "by its pid"])
def test_a_child_is_not_its_parent(fork_guard: ForkGuard) -> None:
    assert fork_guard[0]
    assert not of_child(fork_guard)
    assert fork_guard[0], "the parent's own page should be as it was"


def test_a_grandchild_is_neither() -> None:
    fork_guard = make_origin()
    child = os.fork()
    if not child:
        os._exit(1 if of_child(fork_guard) else 0)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such page")
def test_linux_needs_no_system_call() -> None:
    assert isinstance(make_origin(), memoryview)


def test_a_kernel_without_such_pages_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooljobs_worker.runtime.fork_guard._WIPE_ON_FORK", 12345)
    if hasattr(mmap.mmap, "madvise"):
        assert isinstance(make_origin(), PidForkGuard)
