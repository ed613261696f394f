from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest

from pooljobs_cli.staging.own_folder import own_folder
from tests.support.forking import exit_code_of

PREFIX = "pooljobs-test-"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def killed_in_it() -> bool:
    with own_folder(PREFIX) as folder:
        (folder.path / "log").write_text("…")
        os.kill(os.getpid(), signal.SIGKILL)
    return True


def test_it_is_removed_at_the_end_unless_it_is_to_be_read(temporary: Path) -> None:
    with own_folder(PREFIX):
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []
    with own_folder(PREFIX) as kept:
        kept.keep = True
    with own_folder(PREFIX):
        pass
    assert list(temporary.iterdir()) == [kept.path]


@pytest.mark.hazard("A killed command leaves a schema, a folder, a server, hosts")
def test_what_a_killed_run_has_left_is_removed_by_the_next(temporary: Path) -> None:
    assert exit_code_of(killed_in_it) == -signal.SIGKILL
    [left] = temporary.iterdir()
    ended: list[Path] = []
    with own_folder(PREFIX, ended.append):
        assert not left.exists()
        assert ended == [left]


def test_folders_in_use_and_those_of_others_stay(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "in-use").touch()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    linked = temporary / f"{PREFIX}marked"
    linked.mkdir()
    (linked / "in-use").symlink_to(elsewhere / "in-use")
    with own_folder(PREFIX) as first, own_folder(PREFIX):
        assert first.path.is_dir()
    assert (elsewhere / "in-use").exists()
    assert linked.is_dir()
