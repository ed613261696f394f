"""The Redis that peers are measured on: durable as it says, and gone afterwards, with its files."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bench.peers.redis import RedisMissingError, find_redis, redis_server, redis_version


def ask(url: str, command: str) -> list[str]:
    """The lines of a reply that is an array of strings, their lengths left out."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10.0) as connection:
        connection.sendall(f"{command}\r\nQUIT\r\n".encode())
        said = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    return [line for line in said.splitlines() if line[:1] not in ("*", "$", "+")]


@pytest.fixture(autouse=True)
def redis_is_here() -> None:
    try:
        find_redis()
    except RedisMissingError as missing:
        pytest.skip(str(missing))


def test_it_is_as_durable_as_the_report_says(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as url:
        assert ask(url, "CONFIG GET appendonly") == ["appendonly", "yes"]
        assert ask(url, "CONFIG GET appendfsync") == ["appendfsync", "everysec"]
        assert ask(url, "CONFIG GET save") == ["save", ""]
        ask(url, "SET kept 1")
        written = [path.read_bytes() for path in tmp_path.rglob("*.aof")]
        assert any(b"kept" in text for text in written)


def test_it_is_empty_at_its_start_and_gone_at_its_end(tmp_path: Path) -> None:
    for _ in range(2):
        with redis_server(tmp_path / "redis") as url:
            assert ask(url, "KEYS *") == []
            ask(url, "SET left 1")
        assert not (tmp_path / "redis").exists()
        parts = urlsplit(url)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10.0)


def test_its_version_is_a_number() -> None:
    assert redis_version()[0].isdigit()


def test_without_the_program_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RedisMissingError, match="apt-get install redis-server"), redis_server(tmp_path / "redis"):
        pass


def test_a_server_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RedisMissingError, match="does not start on port"), redis_server(tmp_path / "redis"):
        pass
