"""Descriptors that give a slot's header words names: one load or one store each, no locks."""

from __future__ import annotations

from enum import IntEnum
from typing import Generic, Protocol, TypeVar, overload

Words = memoryview
"""A view cast to signed 8-byte integers."""

E = TypeVar("E", bound=IntEnum)


class HasWords(Protocol):
    """An object whose state lies in shared memory."""

    words: Words


class Word:
    """A signed 64-bit number."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = int(at)

    @overload
    def __get__(self, slot: None, owner: type) -> Word: ...
    @overload
    def __get__(self, slot: HasWords, owner: type) -> int: ...
    def __get__(self, slot: HasWords | None, owner: type) -> Word | int:
        return self if slot is None else int(slot.words[self.at])

    def __set__(self, slot: HasWords, value: int) -> None:
        slot.words[self.at] = value


class EnumWord(Generic[E]):
    """A number that stands for a member of an enum; ``unknown`` is what any other number reads as."""

    __slots__ = ("at", "members", "unknown")

    def __init__(self, at: int, *, unknown: E) -> None:
        self.at = int(at)
        self.unknown = unknown
        self.members: dict[int, E] = {member.value: member for member in type(unknown)}

    @overload
    def __get__(self, slot: None, owner: type) -> EnumWord[E]: ...
    @overload
    def __get__(self, slot: HasWords, owner: type) -> E: ...
    def __get__(self, slot: HasWords | None, owner: type) -> EnumWord[E] | E:
        return self if slot is None else self.members.get(slot.words[self.at], self.unknown)

    def __set__(self, slot: HasWords, value: E) -> None:
        slot.words[self.at] = value
