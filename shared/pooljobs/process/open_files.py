"""How many files this process may have open, and what to say where that is too few. Bounds of a shell, of systemd or of
a container, which are met in the midst of something unless they are asked for before.
"""

from __future__ import annotations

import resource

from pooljobs.errors import SystemRefusedError


def require(least: int, who: str) -> None:
    """Raises SystemRefusedError unless so many descriptors may be open; ``who`` needs them, in words."""
    most = most_open()
    if most is not None and most < least:
        raise SystemRefusedError(
            f"no more than {most} files may be open, and {who} needs {least}", hint=to_raise(least)
        )


def most_open() -> int | None:
    """The limit; None where there is none."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if most == resource.RLIM_INFINITY else most


def to_raise(least: int = 1024) -> str:
    """What to do, as a hint."""
    ways = "ulimit -n {0} in the shell, LimitNOFILE={0} in a systemd unit, --ulimit nofile={0} of Docker"
    return f"allow more: {ways.format(least)}"
