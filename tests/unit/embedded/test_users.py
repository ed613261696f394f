from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pooljobs.embedded.users import User, alone
from pooljobs.errors import EmbeddedError
from tests.support.forking import exit_code_of


def test_the_last_to_leave_is_told_so(tmp_path: Path) -> None:
    first, second = User(tmp_path / "lock", 0.0), User(tmp_path / "lock", 0.0)
    assert not first.is_last()
    first.leave()
    assert second.is_last()
    second.leave()
    second.leave()


def test_a_child_that_leaves_unlocks_nothing(tmp_path: Path) -> None:
    user = User(tmp_path / "lock", 0.0)

    def leaves_in_a_child() -> bool:
        ours = user.leaving_is_ours
        user.leave()
        return not ours

    assert user.leaving_is_ours
    assert exit_code_of(leaves_in_a_child) == 0
    other = User(tmp_path / "lock", 0.0)
    assert not other.is_last()
    other.leave()
    user.leave()
    assert not user.leaving_is_ours


def test_a_lock_of_the_start_excludes_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with alone(path, 0.0):
        begin = time.monotonic()
        with pytest.raises(EmbeddedError, match="still starting or stopping"), alone(path, begin + 0.05):
            pass
        assert time.monotonic() - begin >= 0.05
    with alone(path, 0.0):
        pass


def test_a_child_forked_under_the_lock_does_not_keep_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    reader, writer = os.pipe()
    with alone(path, 0.0):
        if (child := os.fork()) == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
    os.close(reader)
    with alone(path, 0.0):
        pass
    os.close(writer)
    os.waitpid(child, 0)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        User(tmp_path / "lock", 0.0)
    assert not (tmp_path / "elsewhere").exists()


def test_who_joins_does_not_wait_for_ever_for_one_who_holds_the_lock_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with alone(path, 0.0), pytest.raises(EmbeddedError, match="still starting or stopping"):
        User(path, 0.0)
