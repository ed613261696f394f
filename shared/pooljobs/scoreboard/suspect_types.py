"""The job types under suspicion: a worker of this fleet died in a job of such a type, and none has ended well since.

The steward enters a type when it finds out what a worker died of; any worker takes it out whose handler of that type
came back. Of a type whose every job ends its process, that leaves one at a time (``execution/suspect_turn.py``); of one
with a few bad payloads, nothing is held up for longer than the next good job takes.

Nobody locks. The first word says until when any type may be here, and is all that is read while there is none. Each
place has one store that makes it valid, its type, which is written last and taken out first. What two writers may do to
each other is to keep a type for ``LASTS`` or to lose it until its next crash.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from pooljobs.scoreboard.words import Words

LASTS: Final = 30.0
"""Seconds after its last crash for which a type is under suspicion at most."""

PLACES: Final = 8
"""Types that are under suspicion at a time; one more takes the place of the one whose last crash is the longest ago."""

_LASTS_NS: Final = int(LASTS * 1e9)
_TYPE, _SINCE, _LAST = range(3)
_WORDS_EACH: Final = 3


class SuspectTypes:
    """A view of their part of the scoreboard. Times are monotonic nanoseconds, passed in."""

    __slots__ = ("_places", "_types", "words")

    def __init__(self, words: Words) -> None:
        self.words = words
        self._places = range(1, 1 + PLACES * _WORDS_EACH, _WORDS_EACH)
        self._types = words[1 : 1 + PLACES * _WORDS_EACH : _WORDS_EACH]

    def any(self, now_ns: int) -> bool:
        """Whether there may be one."""
        return self.words[0] > now_ns and any(self._types.tolist())

    def since(self, job_type: str, now_ns: int) -> int:
        """When a worker died in a job of this type, the first since one ended well; 0: it is not under suspicion."""
        place = self._find(_number(job_type))
        if place is None or self.words[place + _LAST] + _LASTS_NS <= now_ns:
            return 0
        return self.words[place + _SINCE]

    def add(self, job_type: str, now_ns: int) -> None:
        """A worker died in a job of this type."""
        number, words = _number(job_type), self.words
        place = self._find(number)
        if place is None or words[place + _LAST] + _LASTS_NS <= now_ns:
            place = place or min(self._places, key=lambda at: words[at + _LAST] if words[at] else 0)
            words[place] = 0
            words[place + _SINCE] = now_ns
        words[place + _LAST] = now_ns
        words[place] = number
        words[0] = now_ns + _LASTS_NS

    def clear(self, job_type: str) -> None:
        """A job of this type ran, and its worker is still there."""
        place = self._find(_number(job_type))
        if place is not None:
            self.words[place] = 0

    def close(self) -> None:
        """Let go of the memory in this process; called by ``Scoreboard.close``."""
        self._types.release()
        self.words.release()

    def _find(self, number: int) -> int | None:
        types = self._types.tolist()
        return self._places[types.index(number)] if number in types else None


def _number(job_type: str) -> int:
    """The same in each process; 63 bits, and not 0."""
    return int.from_bytes(blake2b(job_type.encode(), digest_size=8).digest()) >> 1 or 1
