"""One value a process, made at first use: whatever holds sockets, threads or locks and must not cross a fork."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class _Slot(Generic[T]):
    __slots__ = ("lock", "value")

    def __init__(self) -> None:
        self.lock = Lock()
        self.value: T | None = None


class PerProcess(Generic[T]):
    """Calls ``make`` once in each process that asks.

    A parent's value stays referenced in its children: were it finalised there, it could say goodbye on a socket that
    the parent still uses. Each process has a lock of its own, because one that was held at the fork stays locked.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._slots: dict[int, _Slot[T]] = {}

    def get(self) -> T:
        """This process's value, made now if there is none."""
        slot = self._slots.get(os.getpid()) or self._slots.setdefault(os.getpid(), _Slot())
        value = slot.value
        if value is not None:
            return value
        with slot.lock:
            if slot.value is None:
                slot.value = self._make()
            return slot.value

    def take(self) -> T | None:
        """Remove and return this process's value, or None where none was made."""
        slot = self._slots.pop(os.getpid(), None)
        return None if slot is None else slot.value
