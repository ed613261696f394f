"""What ``pooljobs chaos --beside`` refuses before it begins, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooljobs.errors import OptionError
from pooljobs_cli.chaos import beside
from pooljobs_cli.chaos.beside import find


def command(folder: Path, text: str) -> str:
    path = folder / "pooljobs"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def refusal(path: str) -> str:
    with pytest.raises(OptionError) as refused:
        find(path)
    return str(refused.value)


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    assert refusal(f"{tmp_path}/nothing") == f"--beside: there is no file {tmp_path}/nothing"
    assert refusal(str(tmp_path)) == f"--beside: there is no file {tmp_path}"


def test_a_file_that_cannot_be_executed(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("")
    assert refusal(f"{tmp_path}/text") == f"--beside: {tmp_path}/text cannot be executed"
    assert "cannot be executed: Exec format error" in refusal(command(tmp_path, "\x7fELF"))


def test_a_command_that_is_no_pooljobs(tmp_path: Path) -> None:
    path = command(tmp_path, "#!/bin/sh\necho what is $1? >&2; exit 2\n")
    assert refusal(path) == f"--beside: {path} serve ended with exit code 2, and said: what is serve?"
    path = command(tmp_path, "#!/bin/sh\necho hello\n")
    assert refusal(path) == f"--beside: {path} is no pooljobs: its 'serve --help' knows no --procs"


def test_a_command_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_ANSWER", 0.2)
    path = command(tmp_path, "#!/bin/sh\nexec sleep 60\n")
    assert refusal(path) == f"--beside: {path} serve was not over in 0.2 s"


def test_one_that_waits_for_who_knows_a_job_is_told_from_one_that_does_not(tmp_path: Path) -> None:
    path = command(tmp_path, "#!/bin/sh\necho --procs\n")
    assert not find(path).waits
    assert find(command(tmp_path, "#!/bin/sh\necho --procs --unknown-after\n")) == beside.Beside(path, waits=True)


def test_the_way_to_this_pooljobs_is_kept_from_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/this/one")
    path = command(tmp_path, '#!/bin/sh\necho "--procs ${PYTHONPATH:---unknown-after}"\n')
    assert find(path).waits
