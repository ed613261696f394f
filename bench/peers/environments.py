"""Makes each peer's environment: a venv, or a folder of npm's, with the packages that its ``peer.toml`` pins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.peers.catalog import Peer

STAMP = "installed.json"
TIMEOUT = 900.0
"""Seconds for an installation."""


class SetupError(Exception):
    """What a peer needs is not on this machine, or cannot be installed."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a peer runs."""

    interpreter: Path
    home: Path
    version: str
    """Of the interpreter, as it names itself."""


def make_environment(peer: Peer, root: Path) -> Environment:
    """The peer's environment below ``root``, installed unless it is there already.

    Raises:
        SetupError: The interpreter is missing, or the installation failed.
    """
    home = root / peer.key
    home.mkdir(parents=True, exist_ok=True)
    if not peer.packages:
        interpreter = Path(sys.executable)
    elif peer.language == "python":
        interpreter = _python(peer, home)
    else:
        interpreter = _node(peer, home)
    return Environment(interpreter, home, _run([str(interpreter), "--version"], home).strip())


def _python(peer: Peer, home: Path) -> Path:
    base = find_python(peer.python)
    interpreter = home / "venv" / "bin" / "python"
    wanted = [str(base), *peer.packages]
    if _installed(home) != wanted:
        shutil.rmtree(home / "venv", ignore_errors=True)
        _run([str(base), "-m", "venv", str(home / "venv")], home)
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *peer.packages], home)
        _note(home, wanted)
    return interpreter


def _node(peer: Peer, home: Path) -> Path:
    npm = shutil.which("npm")
    if not npm:
        raise SetupError("no npm on PATH; on Debian and Ubuntu: apt-get install npm")
    wanted = [npm, *peer.packages]
    if _installed(home) != wanted:
        shutil.rmtree(home / "node_modules", ignore_errors=True)
        (home / "package.json").write_text('{"private": true}\n')
        (home / "package-lock.json").unlink(missing_ok=True)
        _run([npm, "install", "--no-audit", "--no-fund", "--loglevel", "error", *peer.packages], home)
        _note(home, wanted)
    own = home / "node_modules" / ".bin" / "node"  # of the package named node, where a peer asks for it
    found = str(own) if own.exists() else shutil.which("node")
    if not found:
        raise SetupError("no node on PATH; on Debian and Ubuntu: apt-get install nodejs")
    return Path(found)


def find_python(least: str) -> Path:
    """A Python of that version or later: ours if it will do, so that peers and pooljobs run on the same.

    Raises:
        SetupError: There is none.
    """
    wanted = tuple(map(int, least.split(".")))
    if sys.version_info[:2] >= wanted:
        return Path(sys.executable)
    for candidate in _pythons(wanted):
        if _works(candidate):
            return candidate
    raise SetupError(f"needs Python {least} or later, which is neither on PATH nor among pyenv's")


def _pythons(wanted: tuple[int, ...]) -> Iterator[Path]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(wanted[1], wanted[1] + 5):
        if found := shutil.which(f"python3.{minor}"):
            yield Path(found)
        for version in sorted(pyenv.glob(f"3.{minor}.*")):
            yield version / "bin" / "python"


def _works(python: Path) -> bool:
    """A shim of pyenv's may be on PATH and stand for nothing."""
    try:
        subprocess.run([str(python), "-c", "import venv"], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _run(command: list[str], home: Path) -> str:
    try:
        done = subprocess.run(command, cwd=home, check=True, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.CalledProcessError as error:
        told = [line for line in error.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise SetupError(f"{Path(command[0]).name} failed: {' / '.join(told[-3:])}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(str(error)) from error
    return done.stdout


def _installed(home: Path) -> object:
    try:
        return json.loads((home / STAMP).read_text())
    except (OSError, ValueError):
        return None


def _note(home: Path, wanted: list[str]) -> None:
    (home / STAMP).write_text(json.dumps(wanted))
