from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pooljobs.errors import RefusedError
from pooljobs_cli.staging.own_fleet import new_file


def test_it_is_new_and_nobody_elses_to_read(tmp_path: Path) -> None:
    for text in (b"first", b"second"):
        with new_file(tmp_path / "log") as file:
            file.write(text)
    assert (tmp_path / "log").read_bytes() == b"second"
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


@pytest.mark.hazard(
    "A file, a lock, a pid or a whole directory was laid there by somebody else",
    closed="owner and mode are asked first, files are new, locks are for nobody else to open, a process is asked what "
    "it runs (`shared/pooljobs/embedded/postmaster.py`)",
    area="database",
)
@pytest.mark.parametrize("lay", [Path.symlink_to, Path.hardlink_to])
def test_nothing_is_written_through_a_link(tmp_path: Path, lay: object) -> None:
    (tmp_path / "victim").write_text("precious")
    assert callable(lay)
    lay(tmp_path / "log", tmp_path / "victim")
    with new_file(tmp_path / "log") as file:
        file.write(b"told")
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "log").is_symlink()


def test_nobody_waits_for_the_reader_of_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    new_file(tmp_path / "log").close()
    assert (tmp_path / "log").is_file()


def test_a_directory_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(RefusedError, match="cannot write"):
        new_file(tmp_path / "log")


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    with pytest.raises(RefusedError, match="cannot write"):
        new_file(tmp_path / "link" / "log")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    with pytest.raises(RefusedError, match="somebody else's"):
        new_file(tmp_path / "log")
