"""The demo writes where it is started, unless somebody else has been there first."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pooljobs_cli.demo.demo_server import working_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_made_and_taken_again(here: Path) -> None:
    before = os.umask(0)
    try:
        assert working_folder() == here / ".pooljobs"
    finally:
        os.umask(before)
    (here / ".pooljobs").chmod(0o777)
    assert working_folder() == here / ".pooljobs"
    assert stat.S_IMODE((here / ".pooljobs").stat().st_mode) == 0o755


def test_a_link_is_not_taken(here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / ".pooljobs").symlink_to("elsewhere")
    assert working_folder() is None


def test_a_file_is_not_taken(here: Path) -> None:
    (here / ".pooljobs").touch()
    assert working_folder() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_one_of_somebody_elses_is_not_taken(here: Path) -> None:
    (here / ".pooljobs").mkdir()
    os.chown(here / ".pooljobs", 1234, 1234)
    assert working_folder() is None
