"""The wheel that users install holds every module, every .sql file and the typing markers, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.command import environment
from tests.support.embedded import fresh_root

ROOT = Path(__file__).parent.parent.parent
SOURCES = ("shared", "worker", "supervisor")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git tracks or would, so that a stale build directory adds nothing."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *SOURCES, *map(str, TOP)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


TOP = ("pyproject.toml", "README.md", "LICENSE")
PACKAGES = (
    "pooljobs",
    "pooljobs_worker",
    "pooljobs_supervisor",
    "pooljobs_steward",
    "pooljobs_cli",
    "pooljobs_testing",
)


def shipped_sources() -> set[str]:
    """What a user needs: each root's Python, SQL and marker files, by their place in the wheel."""
    return {
        path.relative_to(ROOT / root).as_posix()
        for root in SOURCES
        for path in (ROOT / root).rglob("*")
        if path.suffix in {".py", ".sql"} or path.name == "py.typed"
    }


def test_the_wheel_holds_every_source_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == shipped_sources()
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed
    assert any(name.startswith("pooljobs/sql/migrations/0100_") for name in packed)


def test_the_wheel_installs_a_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "pooljobs = pooljobs.__main__:main" in archive.read(entry_points).decode()


def test_the_wheel_works_where_the_sources_are_not(wheel: Path, tmp_path: Path) -> None:
    """Imported from the wheel itself, far from the checkout: statements and migrations are found inside it."""
    code = (
        "import pooljobs, pooljobs.db.schema.migrations as m, pooljobs.db.statements as s;"
        "assert '.whl' in pooljobs.__file__; assert m.migrations() and m.functions();"
        "assert s.Statements('x').load('claim')"
    )
    program = f"import sys; sys.path.insert(0, {str(wheel)!r}); {code}"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)


def test_the_first_step_of_the_help_works_from_the_wheel_in_an_empty_directory(wheel: Path) -> None:
    """Neither Makefile nor examples are there, and what is imported is the wheel's."""
    with fresh_root() as root:
        installed, empty = root / "installed", root / "empty"
        for folder in (installed, empty):
            folder.mkdir(parents=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(installed)
        env = environment({"PYTHONPATH": str(installed)})
        told = _pooljobs("--help", cwd=empty, env=env)
        program, *step = told.split("First steps:\n")[1].split("  ")[1].split()
        assert program == "pooljobs"
        assert "0 lost, 0 claimed twice" in _pooljobs(*step, "--jobs", "20", "--procs", "1", cwd=empty, env=env)


def _pooljobs(*arguments: str, cwd: Path, env: dict[str, str]) -> str:
    code = "import pooljobs, sys; assert 'installed' in pooljobs.__file__; from pooljobs.__main__ import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
