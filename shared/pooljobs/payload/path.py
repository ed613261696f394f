"""How messages write a place in a payload: ``payload.user.tags[2]``."""

from __future__ import annotations


def at_key(name: str) -> str:
    """The step into an object."""
    return f".{name}" if name.isidentifier() else f"[{name!r}]"
