"""A change of the same length within a second is a change, for whoever imports the code anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOW, LONG_AGO = 4 * 10**9, 10**9
"""Seconds of the wall clock: source that is newer than its bytecode counts as written in the same second."""

IMPORTS = "import shop; print(shop.version)"
CAREFULLY = f"from pooljobs_cli.serving.bytecode import keep_none_of_new_source as keep; keep(); {IMPORTS}"


def imported(folder: Path, code: str) -> str:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


def write(folder: Path, version: int, written: int) -> None:
    (folder / "shop.py").write_text(f"version = {version}\n")
    os.utime(folder / "shop.py", (written, written))


def compiled(folder: Path) -> bool:
    return any((folder / "__pycache__").glob("shop.*.pyc"))


@pytest.mark.hazard("Source that changed again within a second")
def test_new_source_leaves_no_bytecode_that_a_change_could_pass_for(tmp_path: Path) -> None:
    write(tmp_path, 1, NOW)
    assert imported(tmp_path, CAREFULLY) == "1"
    assert not compiled(tmp_path)
    write(tmp_path, 2, NOW)
    assert imported(tmp_path, CAREFULLY) == "2"


def test_old_source_is_compiled_once(tmp_path: Path) -> None:
    write(tmp_path, 1, LONG_AGO)
    assert imported(tmp_path, CAREFULLY) == "1"
    assert compiled(tmp_path)


def test_by_itself_python_takes_the_old_code(tmp_path: Path) -> None:
    """What this is for: once it is not so any more, ``bytecode.py`` can go."""
    for version in (1, 2):
        write(tmp_path, version, LONG_AGO)
        assert imported(tmp_path, IMPORTS) == "1"
