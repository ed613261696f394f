"""The handlers: RQ finds them by their import path."""

from __future__ import annotations

from driving import tell


def noop(n: int) -> None:
    pass


def clocked(port: int, n: int) -> None:
    tell(port, n)
