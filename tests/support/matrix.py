"""Runs the tests that need a database on every version of PostgreSQL that is promised: ``make test-matrix``.

Each version is a run of pytest whose embedded server is of that version; its programs are the machine's, the wheel's,
or fetched. As a plugin of those runs this module leaves out the tests that ask for no server.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from pooljobs.embedded.account import server_account
from pooljobs.embedded.copied_programs import runnable
from pooljobs.embedded.programs import Programs, find_programs
from pooljobs.errors import EmbeddedError
from tests.support.fetched import UnavailableError, fetch
from tests.support.run_directory import temporary_directory
from tests.support.servers import PROMISED, installations

PLACES = ("tests/db", "tests/hosts", "tests/process")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests that have a server among their fixtures."""
    needing = [item for item in items if "server" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in needing])
    items[:] = needing


def programs_of(major: int) -> Programs:
    """This version's programs.

    Raises:
        UnavailableError: They cannot be had here; the text says why.
    """
    with suppress(EmbeddedError):
        found = find_programs(Path("/nowhere"))
        if found.major == major:
            return found
    bindir = installations().get(major) or fetch(major)
    return Programs(bindir, str(major), (bindir.parent,))


def run(major: int, arguments: list[str]) -> str:
    """One version's run; what became of it, in a word or a few."""
    try:
        programs = programs_of(major)
        with tempfile.TemporaryDirectory(prefix="pooljobs-matrix-", dir=temporary_directory()) as place:
            Path(place).chmod(0o755)
            bindir = runnable(programs, Path(place), server_account()).bindir
            print(f"== PostgreSQL {major}: {bindir}", flush=True)
            places = () if any(Path(given.partition("::")[0]).exists() for given in arguments) else PLACES
            command = [sys.executable, "-m", "pytest", "-p", "tests.support.matrix", *arguments, *places]
            environment = {name: value for name, value in os.environ.items() if name != "POOLJOBS_TEST_DSN"}
            environment["POOLJOBS_PG_BINDIR"] = str(bindir)
            return "passed" if subprocess.run(command, env=environment, check=False).returncode == 0 else "FAILED"
    except (UnavailableError, EmbeddedError) as error:
        return f"skipped: {error}"


def main() -> int:
    """Returns 1 if a version failed. One that cannot be had here is said, and is no failure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", type=int, choices=PROMISED, action="append", help="one version, and no other")
    options, arguments = parser.parse_known_args()
    outcomes = {major: run(major, arguments) for major in options.only or PROMISED}
    for major, outcome in outcomes.items():
        print(f"PostgreSQL {major}: {outcome}")
    return int("FAILED" in outcomes.values())


if __name__ == "__main__":
    sys.exit(main())
