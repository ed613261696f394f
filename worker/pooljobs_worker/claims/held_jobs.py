"""Keeps the scoreboard's table of held jobs: which entry each claimed job has, from its claim to its settlement."""

from __future__ import annotations

from collections.abc import Iterable

from pooljobs.scoreboard import Slot
from pooljobs_worker.claims.claimed_job import ClaimedJob


class HeldJobs:
    """Gives out entries. Taken by the claiming thread, given back by whichever thread settles."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._free = list(range(len(slot.states) - 1, -1, -1))
        self._numbers: dict[str, int] = {}

    def know(self, job_types: Iterable[str]) -> None:
        """Puts these types' names onto the scoreboard; a job of one of them is entered with its number."""
        names = sorted(job_types)
        self._slot.job_types = names
        self._numbers = {name: number for number, name in enumerate(names, 1)}

    def __len__(self) -> int:
        return len(self._slot.states) - len(self._free)

    @property
    def room(self) -> int:
        """Entries left."""
        return len(self._free)

    def take(self, jobs: Iterable[ClaimedJob]) -> None:
        """Enters claimed jobs. The caller has claimed no more than there was room for."""
        hold, number_of = self._slot.hold, self._numbers.get
        for job in jobs:
            job.entry = self._free.pop()
            hold(job.entry, job.job_id, job.fence, job.token, number_of(job.job_type, 0))

    def drop(self, entries: Iterable[int]) -> None:
        """Forgets settled jobs; list.append is atomic, so this needs no lock against ``take``."""
        free = self._slot.free
        for entry in entries:
            free(entry)
            self._free.append(entry)
