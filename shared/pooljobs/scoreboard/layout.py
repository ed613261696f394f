"""Where each word of a slot lies. Every word is 8 bytes and aligned, so that a store never tears under a reader.

A slot is its header words, then columns with a word for each entry (states, start times, soft and hard limits,
requests), then five words of identity for each entry, then room for a stack and for the names of job types. States have
a column of their own so that the hot path's store needs no arithmetic; what few jobs need has one so that the others
need not write it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto

WORD = 8
PAGE_WORDS = 512
"""Slots begin on pages of their own: writers of different slots never share a cache line."""

BACKENDS = 4
IDENTITY_WORDS = 5
STACK_WORDS = 1024
"""Room for the text of a stack: 8 KiB."""

NAMES_WORDS = 2048
"""Room for the names of job types: 16 KiB."""


class At(IntEnum):
    """Index of each header word."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:  # noqa: ARG004 - Enum's signature
        return count

    STATE = auto()
    ROLE = auto()
    PID = auto()
    ORDINAL = auto()
    WORKER_ID = auto()
    WANTED = auto()
    ACTIVITY = auto()
    HEARTBEAT_NS = auto()
    LEASED_UNTIL_NS = auto()
    TURN_SINCE_NS = auto()
    EXIT_STATUS = auto()
    KILLED = auto()
    KILLED_NS = auto()
    CPU_US = auto()
    PEAK_MEMORY = auto()
    PEAK_SINCE_NS = auto()
    PEAK_FLOOR = auto()
    DIED_NS = auto()
    OUT_OF_MEMORY = auto()
    CLAIMED = auto()
    COMPLETED = auto()
    FAILED = auto()
    RETRIED = auto()
    RELEASED = auto()
    LOST = auto()
    SHORTEST_LIMIT_NS = auto()
    STACK_SIZE = auto()
    CLAIMING = auto()
    BIRTH = auto()
    IDLE_SINCE_NS = auto()
    SUSPECT_SINCE_NS = auto()
    LISTENS = auto()
    CODE = auto()
    FOREIGN_TYPES = auto()
    UNKNOWN_FLAGS = auto()
    NAMES_SIZE = auto()
    BACKENDS = auto()  # the last: BACKENDS words from here


HEADER_WORDS = At.BACKENDS + BACKENDS


@dataclass(frozen=True, slots=True)
class Layout:
    """Word offsets inside one slot that has ``entries`` places for held jobs."""

    entries: int

    @property
    def states(self) -> int:
        """First word of the column of entry states."""
        return HEADER_WORDS

    @property
    def started(self) -> int:
        """First word of the column of start times."""
        return self.states + self.entries

    @property
    def soft(self) -> int:
        """First word of the column of soft time limits."""
        return self.started + self.entries

    @property
    def hard(self) -> int:
        """First word of the column of hard time limits."""
        return self.soft + self.entries

    @property
    def requests(self) -> int:
        """First word of the column of requests to cancel."""
        return self.hard + self.entries

    @property
    def identities(self) -> int:
        """First word of the identities: token, id (two words), fence, number of the type for each entry."""
        return self.requests + self.entries

    @property
    def stack(self) -> int:
        """First word of the room for a stack."""
        return self.identities + IDENTITY_WORDS * self.entries

    @property
    def names(self) -> int:
        """First word of the room for the names of job types."""
        return self.stack + STACK_WORDS

    @property
    def words(self) -> int:
        """Words of a slot, rounded up to whole pages."""
        used = self.names + NAMES_WORDS
        return -(-used // PAGE_WORDS) * PAGE_WORDS
