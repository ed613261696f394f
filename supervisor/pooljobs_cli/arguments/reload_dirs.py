"""What ``--reload`` and ``--reload-dir`` mean: the directories to watch, if they can be watched."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pooljobs.errors import OptionError


def reload_dirs(named: Sequence[str], *, here: bool) -> tuple[str, ...]:
    """The directories that are named, or with ``here`` the working directory; none if neither is asked for.

    Raises:
        OptionError: watchfiles is not installed, or there is no such directory.
    """
    if not named and not here:
        return ()
    if find_spec("watchfiles") is None:
        raise OptionError("--reload needs watchfiles, which is not installed", hint="pip install 'pooljobs[reload]'")
    directories = [Path(name).resolve() for name in named or ["."]]
    for name, directory in zip(named, directories, strict=False):
        if not directory.is_dir():
            raise OptionError(f"--reload-dir {name}: there is no such directory")
    return tuple(dict.fromkeys(map(str, directories)))
