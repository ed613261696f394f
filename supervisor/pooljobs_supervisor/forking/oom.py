"""Whether the kernel has killed for lack of memory in this process's control group. Used at a child's exit.

The kernel counts such kills for a whole group and does not say whom they hit: a rise across a death by SIGKILL makes
it probable, no more. Needs control groups of version 2; elsewhere nothing is ever said.
"""

from __future__ import annotations

from pathlib import Path

_MOUNT = Path("/sys/fs/cgroup")


class OomCounter:
    """Remembers the count of its last look. Constructing it takes the first."""

    def __init__(self, events: Path | None) -> None:
        """``events`` is a ``memory.events`` file, None for no such thing."""
        self._events = events
        self._seen = self._read()

    def rose(self) -> bool:
        """Whether there were kills since the last look."""
        before, self._seen = self._seen, self._read()
        return self._seen > before

    def _read(self) -> int:
        try:
            return kills_in(self._events.read_text()) if self._events else 0
        except OSError:
            return 0


def own_events(membership: Path = Path("/proc/self/cgroup"), mount: Path = _MOUNT) -> Path | None:
    """The ``memory.events`` of this process's control group, None where there is none."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    group = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    path = mount / (group or "") / "memory.events"
    return path if group is not None and path.is_file() else None


def kills_in(events: str) -> int:
    r"""The count in the text of ``memory.events``.

    >>> kills_in("high 0\noom 3\noom_kill 2\noom_group_kill 1\n"), kills_in("")
    (2, 0)
    """
    found = [line.split() for line in events.splitlines() if line.startswith("oom_kill ")]
    return int(found[0][1]) if found else 0
