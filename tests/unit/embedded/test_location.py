from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.embedded.location import ServerPaths, fits, prepare_root, release_sockets, socket_directory
from pooljobs.errors import EmbeddedError


@pytest.mark.parametrize(
    ("directory", "does"),
    [("/short", True), ("/with space", True), ("/with,comma", False), (f"/{'x' * 85}", True), (f"/{'x' * 86}", False)],
)
def test_a_socket_fits_where_the_kernel_and_libpq_can_name_it(directory: str, does: bool) -> None:
    assert fits(Path(directory)) is does


def test_the_length_is_one_of_bytes() -> None:
    assert not fits(Path("/" + "ä" * 50))


def test_every_long_directory_has_a_socket_directory_of_its_own() -> None:
    one, two = (ServerPaths(Path("/", name * 120)) for name in "ab")
    places = [socket_directory(one, None), socket_directory(two, None)]
    assert places[0] != places[1]
    assert all(fits(place) for place in places)
    for layout, place in zip((one, two), places, strict=True):
        release_sockets(layout, place)
        assert not place.exists()


def test_the_data_directory_is_never_released(tmp_path: Path) -> None:
    layout = ServerPaths(tmp_path)
    layout.data.mkdir()
    release_sockets(layout, layout.data)
    assert layout.data.is_dir()


def test_new_directories_are_private_and_old_ones_stay_as_they_are(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    old.chmod(0o755)
    layout = prepare_root(old / "new" / "root", None)
    assert layout.root == old / "new" / "root"
    assert [path.stat().st_mode & 0o777 for path in (old, old / "new", layout.root)] == [0o755, 0o700, 0o700]
    assert prepare_root(layout.root, None) == layout


def test_a_line_break_is_refused() -> None:
    with pytest.raises(EmbeddedError, match="line break"):
        prepare_root(Path("/tmp/a\nb"), None)


@given(st.text(st.characters(exclude_characters="/\0\n", exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_what_fits_is_within_every_systems_limit(name: str) -> None:
    if fits(Path("/", name)):
        assert len(os.fsencode(f"/{name}/.s.PGSQL.5432")) < 104
        assert "," not in name


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="is not in UTF-8"):
        prepare_root(tmp_path / os.fsdecode(b"\xff"), None)
