"""Which server is whose: one for each project, found from the working directory, unless a directory is named.

The data do not lie in the project: it may be on a file system that PostgreSQL cannot live on, or be cleaned by git.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from pooljobs.embedded.account import barrier, server_account
from pooljobs.embedded.location import SYSTEM_ROOT, ServerPaths, write_anew
from pooljobs.errors import EmbeddedError
from pooljobs.escaping import escaped

MARKERS: Final = ("pyproject.toml", "manage.py", ".git")
"""A directory with one of them is a project's."""

_NAME: Final = 24
"""Characters of a project's name in that of its directory."""

_ELSEWHERE: Final = "name a directory for it with POOLJOBS_DATA_DIR, or a server of your own with DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of a server; ``project`` is None where the directory itself was named."""

    root: Path
    project: Path | None = None


@dataclass(frozen=True, slots=True)
class LeftData:
    """Data that no command finds by itself: of a project that is gone, or, without one, from before there were any."""

    root: Path
    project: Path | None

    def __str__(self) -> str:
        of = (
            f"of {escaped(str(self.project))}, which is gone,"
            if self.project
            else "of all projects, from the version before,"
        )
        return f"data {of} are in {self.root}: POOLJOBS_DATA_DIR={shlex.quote(str(self.root))} uses them"


def default_home() -> Home:
    """The server that commands and applications share: POOLJOBS_DATA_DIR's, else the project's.

    Raises:
        EmbeddedError: There is no working directory, no home, or we are root and there is no unprivileged account.
    """
    if given := os.environ.get("POOLJOBS_DATA_DIR", "").strip():
        return Home(_named(given))
    project = working_project()
    for root in _roots(_directory_name(project)):
        account = server_account(root / "data")
        if not (account and barrier(root, account)):
            return Home(root, project)
    return Home(root, project)


def default_root() -> Path:
    """The directory of ``default_home``."""
    return default_home().root


def working_project() -> Path:
    """The nearest parent of the working directory with a marker, else the working directory.

    Raises:
        EmbeddedError: The working directory is gone.
    """
    working = _absolute(Path())
    parents = (working, *working.parents)
    return next((each for each in parents if any(os.path.exists(each / name) for name in MARKERS)), working)  # noqa: PTH110  # what may not be looked into has none


def record_project(layout: ServerPaths, project: Path) -> None:
    """Writes down whose data these are. The caller holds the start lock."""
    if _recorded(layout.root) != project:
        try:
            write_anew(_record(layout.root), os.fsencode(project))
        except PermissionError:  # the account itself uses what root has set up
            return


def left_data(home: Home) -> list[LeftData]:
    """What somebody may look for who finds no data of this project: it was moved, or had none of its own before."""
    if home.project is None or (home.root / "data").exists():
        return []
    found = [LeftData(root, None) for root in _shared_before() if _has_data(root)]
    for root in sorted(home.root.parent.glob("*-*")):
        project = _recorded(root)
        if project is not None and not project.exists() and _has_data(root):
            found.append(LeftData(root, project))
    return found


def _named(given: str) -> Path:
    try:
        return _absolute(Path(given).expanduser())
    except RuntimeError:
        raise EmbeddedError("POOLJOBS_DATA_DIR begins with ~, and there is no home", hint="set HOME") from None


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except OSError as error:
        hint = "change to a directory that exists, or set DATABASE_URL"
        raise EmbeddedError("the working directory is gone", hint=hint) from error


def _roots(name: str) -> list[Path]:
    """Where a server of that name may live: root has a second place, since its home may be closed to the server."""
    users = _users_data() / "projects" / name
    return [users, SYSTEM_ROOT.parent / "projects" / name] if os.geteuid() == 0 else [users]


def _shared_before() -> list[Path]:
    return [_users_data() / "postgres", *([SYSTEM_ROOT] if os.geteuid() == 0 else [])]


def _users_data() -> Path:
    try:
        found = platformdirs.user_data_path("pooljobs", appauthor=False)
    except RuntimeError:
        found = Path()
    if not found.is_absolute():  # "~", too, where nobody knows what it means
        raise EmbeddedError("there is no home directory for the embedded PostgreSQL", hint=f"set HOME, or {_ELSEWHERE}")
    return found


def _directory_name(project: Path) -> str:
    """What a person recognizes, and what tells it from another project of the same name."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", project.name)[:_NAME].strip("-.") or "project"
    return f"{plain}-{hashlib.sha256(os.fsencode(project)).hexdigest()[:10]}"


def _record(root: Path) -> Path:
    return root / "project"


def _recorded(root: Path) -> Path | None:
    try:
        return Path(os.fsdecode(_record(root).read_bytes()))
    except OSError:
        return None


def _has_data(root: Path) -> bool:
    return os.path.exists(root / "data" / "PG_VERSION")  # noqa: PTH110  # None that can be seen, where it is not ours to look
