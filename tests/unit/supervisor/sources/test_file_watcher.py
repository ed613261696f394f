"""Which files count."""

from __future__ import annotations

from pathlib import Path

import pytest
from watchfiles import Change

from pooljobs_supervisor.sources.file_watcher import OnlySources


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("jobs.py", True),
        ("shop/orders/jobs.py", True),
        ("jobs.txt", False),
        ("jobs.pyc", False),
        ("__pycache__/jobs.py", False),
        (".venv/lib/python3.12/site-packages/requests/api.py", False),
        ("own-name/lib/requests.py", False),  # a virtual environment, by what lies in it
        (".git/hooks/pre-commit.py", False),
        ("node_modules/gyp/gyp.py", False),
        (".#jobs.py", False),  # an editor's
        ("../other/jobs.py", False),
    ],
)
def test_only_sources_count(tmp_path: Path, name: str, counts: bool) -> None:
    top = tmp_path / ".venv" / "shop"  # whatever lies above does not matter
    (top / "own-name").mkdir(parents=True)
    (top / "own-name" / "pyvenv.cfg").touch()
    passes = OnlySources([str(top)])
    assert passes(Change.modified, str((top / name).resolve())) == counts
