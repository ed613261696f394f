"""What this worker has met that is not for it: jobs of types that its code does not know, and with flags that its
version of pooljobs does not know. Pure: no clock, no database.

Somebody else may know them: another project on the same database, the other version of this one while it is deployed.
So the claimer gives such a job back, and passes over its like from then on (``pass_over.sql``).

Types are remembered by name, but no more of them than the code knows itself: from there on, and where a name is long,
claims ask for what is known instead. A queue full of names that are never the same costs a few claims in vain.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from operator import attrgetter

from pooljobs.job.flags import UNKNOWN
from pooljobs.job.type_names import LONGEST
from pooljobs_worker.claims.claimed_job import ClaimedJob

_type_of = attrgetter("job_type")


class ForeignJobs:
    """One worker's, for its life. Asked by the claiming thread.

    Attributes:
        met: Whether there was anything.
        met_types: Whether there were jobs of unknown types.
    """

    def __init__(self, registry: Mapping[str, object], *, types: bool) -> None:
        """``types`` is False where jobs of unknown types are to be dispatched as all others, and fail."""
        self._registry = registry
        self._known: Container[str] | None = registry if types else None
        self._names: dict[str, None] = {}
        self._crowded = False
        self.met = self.met_types = False

    def among(self, jobs: Sequence[ClaimedJob], *, careful: bool) -> set[bytes]:
        """The ids of those that are not for this worker. ``careful``: some of the jobs may have flags."""
        known = self._known
        if not careful and (known is None or all(map(known.__contains__, map(_type_of, jobs)))):
            return set()
        return {job.job_id for job in jobs if self._is_foreign(job)}

    def learn(self, jobs: Iterable[ClaimedJob]) -> list[str]:
        """Remembers what these jobs are of; the types that are new to it."""
        before = len(self._names)
        self.met = True
        for job in jobs:
            if self._known is not None and job.job_type not in self._known:
                self.met_types = True
                self._names[job.job_type] = None
        new = [] if self._crowded else list(self._names)[before:]
        if len(self._names) > len(self._registry) or any(len(name) > LONGEST for name in new):
            self._crowded = True
        if self._crowded:
            self._names.clear()
        return new

    def types(self) -> tuple[list[str], bool]:
        """Types, and whether they are the only ones to claim, or those to pass over."""
        if self._crowded:
            return list(self._registry), True
        return [name for name in self._names if name not in self._registry], False

    def _is_foreign(self, job: ClaimedJob) -> bool:
        if job.flags is not None and job.flags & UNKNOWN:
            return True
        return self._known is not None and job.job_type not in self._known
