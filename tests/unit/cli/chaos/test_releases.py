"""The releases differ as they should: in what is refused, and in what they have never heard of."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from pooljobs import PoolJobs
from pooljobs.errors import PayloadError
from pooljobs_cli.chaos import application
from pooljobs_cli.chaos.application.releases import RELEASE_FILE, Release, make_app

JOBS: dict[Release, list[tuple[str, dict[str, object]]]] = {
    Release.OLD: [
        ("field_more", {"ms": 1}),
        ("field_less", {"ms": 1, "colour": "green"}),
        ("only_old", {"ms": 1}),
        ("old_name", {"ms": 1}),
    ],
    Release.NEW: [
        ("field_more", {"ms": 1, "gift": True}),
        ("field_less", {"ms": 1}),
        ("only_new", {"ms": 1}),
        ("new_name", {"ms": 1}),
    ],
}


def taken(release: Release, name: str, payload: dict[str, object]) -> bool:
    registry = make_app(release).registry
    if name not in registry:
        return False
    try:
        registry[name].prepare(payload)
    except PayloadError:
        return False
    return True


@pytest.mark.parametrize("release", JOBS)
def test_each_release_takes_what_it_enqueues_itself_and_so_does_the_one_for_both(release: Release) -> None:
    for name, payload in JOBS[release]:
        assert taken(release, name, payload), name
        assert taken(Release.BOTH, name, payload), name


def test_the_old_one_takes_nothing_of_the_new_one() -> None:
    assert not any(taken(Release.OLD, name, payload) for name, payload in JOBS[Release.NEW])


def test_the_new_one_takes_what_it_tolerates_and_what_has_a_former_name() -> None:
    assert [taken(Release.NEW, name, payload) for name, payload in JOBS[Release.OLD]] == [False, True, False, True]


def test_a_copy_of_its_folder_is_the_application_of_the_release_that_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moved").symlink_to(application.__path__[0])
    (tmp_path / "release").write_text("old")
    monkeypatch.setenv(RELEASE_FILE, str(tmp_path / "release"))
    monkeypatch.syspath_prepend(tmp_path)
    try:
        app = importlib.import_module("moved.deployed").app
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "moved"]:
            del sys.modules[name]
    assert isinstance(app, PoolJobs)
    assert app.registry.keys() == make_app(Release.OLD).registry.keys()
