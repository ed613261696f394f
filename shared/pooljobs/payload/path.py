"""How messages write a place in a payload: ``payload.user.tags[2]``, and the names of its fields. All of it bounded."""

from __future__ import annotations

from typing import Final

LONGEST_NAME: Final = 60
"""Characters that are shown of a field's name: whoever enqueues by SQL may choose any."""

LONGEST_PATH: Final = 200
"""Characters that are shown of a place."""


def at_key(name: str) -> str:
    """The step into an object."""
    return f".{name}" if _plain(name) else f"[{quoted(name)}]"


def quoted(name: str) -> str:
    """A field's name in quotes."""
    return repr(name) if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]!r}…"


def short_name(name: str) -> str:
    """A field's name in a list of names: in quotes only where it could be taken for something else."""
    return name if _plain(name) else quoted(name)


def short_path(path: str) -> str:
    """A place, cut where it is too long."""
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


def _plain(name: str) -> bool:
    return len(name) <= LONGEST_NAME and name.isidentifier()
