from __future__ import annotations

import os
from pathlib import Path

import pytest

from pooljobs.embedded.location import ServerPaths, prepare_root
from pooljobs.embedded.project import (
    Home,
    LeftData,
    default_home,
    default_root,
    left_data,
    record_project,
    working_project,
)
from pooljobs.errors import EmbeddedError


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data directory of a user who is not root and names no other."""
    monkeypatch.delenv("POOLJOBS_DATA_DIR")
    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share" / "pooljobs"


def with_data(root: Path, project: Path | None = None) -> Path:
    (root / "data").mkdir(parents=True)
    (root / "data" / "PG_VERSION").write_text("18\n")
    if project:
        record_project(ServerPaths(root), project)
    return root


@pytest.mark.parametrize("marker", ["pyproject.toml", "manage.py", ".git"])
def test_the_nearest_parent_with_a_marker_is_the_project(
    marker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outer" / "inner" / "deep").mkdir(parents=True)
    (tmp_path / "outer" / "pyproject.toml").touch()
    (tmp_path / "outer" / "inner" / marker).touch()  # .git is a file where there are several work trees
    monkeypatch.chdir(tmp_path / "outer" / "inner" / "deep")
    assert working_project() == tmp_path / "outer" / "inner"


def test_else_it_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert working_project() == tmp_path


def test_a_link_leads_to_the_same_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "link")
    assert working_project() == tmp_path / "real"


def test_a_working_directory_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(EmbeddedError, match="the working directory is gone"):
        working_project()
    monkeypatch.setenv("POOLJOBS_DATA_DIR", "here/below")
    with pytest.raises(EmbeddedError, match="the working directory is gone"):
        default_home()


def test_each_project_has_a_directory_of_its_own(share: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = set()
    for name in ("shop", "other/shop", "Größe 数据", "a b", "x" * 200, "..hidden", os.fsdecode(b"\xff"), "new\nline"):
        (tmp_path / name).mkdir(parents=True)
        monkeypatch.chdir(tmp_path / name)
        home = default_home()
        assert (home, home.project) == (default_home(), tmp_path / name)
        assert home.root.parent == share / "projects"
        assert home.root.name.isascii()
        assert home.root.name.isprintable()
        assert len(home.root.name) <= 40
        roots.add(home.root)
    assert len(roots) == 8
    assert {root.name.rpartition("-")[0] for root in roots} >= {"shop", "a-b", "hidden", "project"}


def test_a_directory_that_is_named_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POOLJOBS_DATA_DIR", str(tmp_path / "named"))
    assert default_home() == Home(tmp_path / "named", None)
    monkeypatch.setenv("POOLJOBS_DATA_DIR", "~/named")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_root() == Path("/home/somebody/named")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POOLJOBS_DATA_DIR", "named")
    assert default_root() == tmp_path / "named"


@pytest.mark.parametrize("fault", ["raises", "is relative"])
@pytest.mark.usefixtures("share")
def test_without_a_home_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    def found(_name: str, *, appauthor: bool) -> Path:
        if fault == "raises":
            raise RuntimeError("could not determine the home directory")
        return Path("~/.local/share/pooljobs")

    monkeypatch.setattr("platformdirs.user_data_path", found)
    with pytest.raises(EmbeddedError, match="there is no home directory") as caught:
        default_home()
    assert caught.value.hint is not None
    assert "POOLJOBS_DATA_DIR" in caught.value.hint


def test_a_home_that_nobody_knows_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOLJOBS_DATA_DIR", "~nobody-of-that-name/pooljobs")
    with pytest.raises(EmbeddedError, match="POOLJOBS_DATA_DIR begins with ~"):
        default_home()


def test_data_of_a_project_that_was_moved_are_told_of(
    share: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "before").mkdir()
    monkeypatch.chdir(tmp_path / "before")
    root = with_data(default_root(), tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    monkeypatch.chdir(tmp_path / "after")
    home = default_home()
    assert home.root != root
    [left] = left_data(home)
    assert left == LeftData(root, tmp_path / "before")
    assert f"POOLJOBS_DATA_DIR={root}" in str(left)
    with_data(home.root)
    assert left_data(home) == []  # whoever has data looks for none
    assert share in root.parents


def test_data_of_projects_that_are_there_are_theirs(
    share: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_data(share / "projects" / "other-0123456789", tmp_path)
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    assert left_data(default_home()) == []


def test_data_that_all_projects_shared_are_told_of(
    share: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with_data(share / "postgres")
    [left] = left_data(default_home())
    assert str(left).startswith(f"data of all projects, from the version before, are in {share}/postgres: ")
    assert str(left).endswith(f"POOLJOBS_DATA_DIR={share}/postgres uses them")
    assert left_data(Home(tmp_path / "named")) == []


def test_a_project_is_recorded_in_whatever_bytes_it_is_named(tmp_path: Path) -> None:
    layout = prepare_root(tmp_path / "root", None)
    for name in (b"/shop", b"/with\nline", b"/\xff"):
        record_project(layout, Path(os.fsdecode(name)))
        assert (layout.root / "project").read_bytes() == name
