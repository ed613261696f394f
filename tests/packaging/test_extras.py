"""Each extra alone, in an environment of its own: it installs, imports and runs its example, without the others.

The workflow file has them one by one, by ``make test-extra``. Their database is on the suite's server; the extra
``embedded`` has its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.packaging.extras import BROUGHT_BY_OTHERS, EXTRAS, Extra
from tests.packaging.test_first_job import clone
from tests.support.database_url import libpq_variables
from tests.support.run_directory import run_directory

FOR_US = {"dev", "bench"}

INSTALLED = "import importlib.util, sys; print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))"


def environment_of_its_own(home: Path, extra: Extra, dsn: str) -> dict[str, str]:
    """Nothing of this checkout's, and no database but that one, or the embedded one."""
    ours = ("PYTHON", "VIRTUAL_ENV", "POOLJOBS_", "PG", "DATABASE_URL")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {"HOME": str(home), "PATH": f"{home / 'venv' / 'bin'}:{env['PATH']}"}
    data = {"POOLJOBS_DATA_DIR": str(run_directory() / "extra")}
    return env | {"embedded": data, "url": {"DATABASE_URL": dsn}, "libpq": libpq_variables(dsn)}[extra.server]


def carried_out(script: str, folder: Path, env: dict[str, str]) -> tuple[str, str]:
    """What it has written, on both ways."""
    command = ["bash", "-ec", script]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", EXTRAS)
def test_alone(name: str, empty_dsn: str, tmp_path: Path) -> None:
    extra, tree = EXTRAS[name], tmp_path / "pooljobs"
    clone(tree)
    env = environment_of_its_own(tmp_path, extra, empty_dsn)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, env=env)
    carried_out(f"pip install --quiet '.[{name}]'", tree, env)

    modules = " ".join(each.module for each in EXTRAS.values())
    found, _ = carried_out(f"python -c '{INSTALLED}' {modules}", tmp_path, env)
    assert {extra.module} <= set(found.split()) <= {extra.module} | BROUGHT_BY_OTHERS

    told = "\n".join(carried_out("\n".join(extra.commands), tree / extra.folder, env))
    assert [text for text in extra.said if text not in told] == [], told
    listed, _ = carried_out(f"{extra.program} jobs list --json", tree / extra.folder, env)
    assert Counter((job["job_type"], job["status"]) for job in json.loads(listed)) == extra.ended, told


def test_every_extra_is_in_the_list_and_in_the_workflow() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"]) - FOR_US
    workflow = (ROOT / ".github/workflows/checks.yml").read_text()
    job = re.search(r"^  extras:\n(?:    .*\n)+", workflow, re.MULTILINE)
    assert job is not None
    assert re.findall(r"^ +extra: \[(.*)\]$", job[0], re.MULTILINE) == [", ".join(EXTRAS)]
    assert "- run: make test-extra EXTRA=${{ matrix.extra }}\n" in job[0]
    assert "\ntest-extra:" in (ROOT / "Makefile").read_text()
