"""The name under which this process appears in the log: supervisor, worker-1, steward."""

from __future__ import annotations

from typing import Final


class _Name:
    """One value a process; a fork inherits it until the child gives its own."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = "pooljobs"


_NAME: Final = _Name()


def name_process(name: str) -> None:
    """Set this process's name for all its log lines from here on."""
    _NAME.value = name


def process_name() -> str:
    """This process's name; ``pooljobs`` until one was given."""
    return _NAME.value
