"""What a ``peer.toml`` may say, and who takes part."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.peers.catalog import HERE, YARDSTICK, CatalogError, find_peers, read_peer

WHOLE = """name = "toy"
language = "python"
version = "1.0"
packages = ["toy==1.0"]
needs = "redis"
configuration = "as it comes"
jobs = 100
"""


def written(root: Path, key: str, text: str) -> Path:
    directory = root / key
    directory.mkdir(parents=True)
    (directory / "peer.toml").write_text(text)
    return directory


def test_every_peer_of_this_tree_can_be_read_and_has_its_driver() -> None:
    peers = find_peers()
    assert {path.parent.name for path in HERE.glob("*/peer.toml")} == {peer.key for peer in peers}
    for peer in peers:
        assert peer.driver.is_file(), peer
        assert all("==" in package or "@" in package for package in peer.packages), f"{peer.key} pins nothing"


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    peer = read_peer(written(tmp_path, "toy", WHOLE))
    assert (peer.key, peer.processes, peer.packages, peer.driver.name) == ("toy", 1, ("toy==1.0",), "driver.py")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WHOLE.replace('needs = "redis"\n', ""), "needs"),
        (WHOLE.replace("redis", "oracle"), "needs one of"),
        (WHOLE.replace('"python"', '"cobol"'), "language is one of"),
        (WHOLE.replace("100", "0"), "at least 1"),
        (WHOLE + 'colour = "red"\n', "colour"),
        (WHOLE.replace("[", "("), "toml"),
    ],
)
def test_what_the_harness_cannot_use_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    directory = written(tmp_path, "toy", text)
    with pytest.raises(CatalogError, match=told) as caught:
        read_peer(directory)
    assert str(directory / "peer.toml") in str(caught.value)


def test_the_yardstick_takes_part_in_every_contest_and_comes_first(tmp_path: Path) -> None:
    for key in ("aaa", YARDSTICK, "zzz"):
        written(tmp_path, key, WHOLE)
    assert [peer.key for peer in find_peers(["aaa"], tmp_path)] == [YARDSTICK, "aaa"]
    assert [peer.key for peer in find_peers([], tmp_path)] == [YARDSTICK, "aaa", "zzz"]
    with pytest.raises(CatalogError, match=r"no peer named bbb; there are: aaa, pooljobs, zzz"):
        find_peers(["aaa", "bbb"], tmp_path)
