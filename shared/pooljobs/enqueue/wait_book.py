"""Who waits for which jobs in this process: a future for each wait. Threads share it with the hub that fulfils them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Lock
from uuid import UUID

from pooljobs.job.job_status import FoundJob

Ended = FoundJob | None
"""What a wait comes to; None: there is no such job."""


class WaitBook:
    """Its lock is held for moments only, and never while a future is fulfilled: that calls whoever waits."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waits: dict[UUID, list[Future[Ended]]] = {}
        self._fresh: list[UUID] = []
        self._left: list[UUID] = []

    def add(self, ids: Iterable[UUID]) -> list[Future[Ended]]:
        """A future for each of these, in their order."""
        futures: list[Future[Ended]] = []
        with self._lock:
            for job_id in ids:
                if job_id not in self._waits:
                    self._waits[job_id] = []
                    self._fresh.append(job_id)
                future: Future[Ended] = Future()
                self._waits[job_id].append(future)
                futures.append(future)
        return futures

    def forget(self, ids: Sequence[UUID], futures: Sequence[Future[Ended]]) -> None:
        """Nobody waits for these any more."""
        with self._lock:
            for job_id, future in zip(ids, futures, strict=True):
                waits = self._waits.get(job_id)
                if waits is not None and future in waits:
                    waits.remove(future)
                    if not waits:
                        del self._waits[job_id]
                        self._left.append(job_id)

    def fulfil(self, job_id: UUID, found: Ended) -> None:
        """Ends all waits for this job."""
        with self._lock:
            futures = self._waits.pop(job_id, None)
            if futures is None:
                return
            self._left.append(job_id)
        for future in futures:
            with suppress(InvalidStateError):  # it was cancelled
                future.set_result(found)

    def abandon(self, error: Exception) -> None:
        """Ends all waits by an error."""
        with self._lock:
            waits, self._waits = self._waits, {}
        for futures in waits.values():
            for future in futures:
                with suppress(InvalidStateError):
                    future.set_exception(error)

    def take_fresh(self) -> list[UUID]:
        """What is waited for since the last call, and still is."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
            return [job_id for job_id in fresh if job_id in self._waits]

    def take_left(self) -> list[UUID]:
        """What is no longer waited for since the last call."""
        with self._lock:
            left, self._left = self._left, []
            return [job_id for job_id in left if job_id not in self._waits]

    @property
    def anybody(self) -> bool:
        """Whether somebody waits for anything."""
        return bool(self._waits)

    def waited(self, ids: Iterable[UUID] | None = None) -> list[UUID]:
        """Those of these, or of all, that are waited for."""
        with self._lock:
            return list(self._waits) if ids is None else [job_id for job_id in ids if job_id in self._waits]
