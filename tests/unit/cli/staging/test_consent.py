from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pooljobs.errors import RefusedError
from pooljobs_cli.staging.consent import consent

TOLD = "pooljobs bench loads database shop at db:5432"


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as standard input; what is written here is typed."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        yield ours
    os.close(ours)


@pytest.mark.parametrize("answer", ["y\n", "YES\n", " yes \n"])
def test_a_person_may_agree(keyboard: int, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    os.write(keyboard, answer.encode())
    consent("DATABASE_URL", yes=False)(TOLD)
    assert f"{TOLD} (named by DATABASE_URL)" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["\n", "n\n", "yess\n", "\x04"])
def test_anything_else_is_a_no(keyboard: int, answer: str) -> None:
    os.write(keyboard, answer.encode())
    with pytest.raises(RefusedError, match="nothing was done") as refused:
        consent("DATABASE_URL", yes=False)(TOLD)
    assert "--yes" in str(refused.value.hint)


def test_without_a_terminal_the_option_alone_agrees(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"y\n")
    with os.fdopen(reader) as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        with pytest.raises(RefusedError, match=TOLD):
            consent("--dsn", yes=False)(TOLD)
        consent("--dsn", yes=True)(TOLD)
    os.close(writer)
    assert capsys.readouterr().err.count(TOLD) == 1
