from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pooljobs.errors import PayloadError
from pooljobs_cli.arguments.payload_source import read_payload


def test_json_itself() -> None:
    assert read_payload('{"to": "ä"}') == {"to": "ä"}


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text("[1]")
    assert read_payload(f"@{tmp_path / 'job.json'}") == [1]


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"n": 1}')))
    assert read_payload("-") == {"n": 1}


@pytest.mark.parametrize(("given", "named"), [("{to: 1}", "--payload"), ("@/no/such/file", "/no/such/file")])
def test_what_is_wrong_is_named(given: str, named: str) -> None:
    with pytest.raises(PayloadError, match=named):
        read_payload(given)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text("{")
    with pytest.raises(PayloadError, match=r"job\.json") as caught:
        read_payload(f"@{tmp_path / 'job.json'}")
    assert "job.json" in str(caught.value.hint)
