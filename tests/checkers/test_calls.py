"""What a type checker says of calls of tasks: mypy --strict and pyright, each looks once at both files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RIGHT, WRONG = HERE / "right_calls.py", HERE / "wrong_calls.py"

Errors = dict[tuple[str, int], str]
"""What was said, by file and line."""


def by_mypy() -> Errors:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--output=json", str(RIGHT), str(WRONG)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {(Path(one["file"]).name, one["line"]): one["message"] for one in found if one["severity"] == "error"}


def by_pyright() -> Errors:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(HERE)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {(Path(one["file"]).name, one["range"]["start"]["line"] + 1): one["message"] for one in found}


def marked(mark: str) -> set[tuple[str, int]]:
    lines = enumerate(WRONG.read_text().splitlines(), 1)
    return {(WRONG.name, number) for number, line in lines if re.search(f"# refused{mark}: ", line)}


def compare(refused: Errors, expected: set[tuple[str, int]]) -> None:
    """Exactly what is marked is refused."""
    unexpected = {place: said for place, said in refused.items() if place not in expected}
    assert (unexpected, sorted(expected - refused.keys())) == ({}, [])


def test_mypy_refuses_wrong_calls_and_takes_right_ones() -> None:
    compare(by_mypy(), marked(""))


def test_pyright_refuses_wrong_calls_and_takes_right_ones() -> None:
    compare(by_pyright(), marked("") | marked(" by pyright alone"))
