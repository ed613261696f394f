"""A job this worker holds a claim on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pooljobs.errors import PayloadError
from pooljobs.handler.completion import Completion
from pooljobs.handler.interrupts import JobInterrupt
from pooljobs.job.verdict import KeptResult, Settlement, Verdict
from pooljobs.payload.encoding import decode
from pooljobs_worker.claims.job_labels import JobLabels

LEFT_OUT: Final = object()
"""Stands for a payload that is fetched when the job's turn comes (``large_payloads.py``)."""


@dataclass(slots=True)
class ClaimedJob:
    """A row of the claim statement, with the token of the statement that took it.

    Attributes:
        job_id: 16 raw bytes.
        payload: As decoded, or ``LEFT_OUT``.
        attempts: Runs that ended before this one.
        place: Where the claim left its row, 6 raw bytes; None if that is not known.
        entry: Its place in the table of held jobs on the scoreboard; -1 until it has one.
        unreadable: Why the payload could not be decoded, if it could not.
        interrupt: What was raised in the handler from outside, if anything was.
        suspect: It is to run alone: its process died while it ran, or
        by_type: while another job of its type did (``suspect_turn.py``), and it is a suspect for nothing else.
        losses: Hosts that were lost with it; above 0 its run is announced before it begins.
        flags: Bits that ask something of who runs it; None for none.
        refused_for: Seconds since its payload was first refused; None if it was not since its last run.
        labels: Its tags and meta; None where it has neither, and nothing else that is to be cared for.
        completion: Made with the handler's ``JobContext``, if it takes one.
        kept: What its handler has returned, if its type keeps that.
    """

    job_id: bytes
    fence: int
    token: int
    job_type: str
    payload: object
    attempts: int
    max_retries: int
    queue: str
    priority: int
    trace_id: str | None
    place: bytes | None = None
    entry: int = -1
    unreadable: str | None = None
    completion: Completion | None = None
    interrupt: JobInterrupt | None = None
    suspect: bool = False
    by_type: bool = False
    losses: int = 0
    flags: int | None = None
    refused_for: float | None = None
    kept: KeptResult | None = None
    labels: JobLabels | None = None

    @property
    def id(self) -> UUID:
        """The id as people write it."""
        return UUID(bytes=self.job_id)

    @property
    def attempt(self) -> int:
        """The number of this run, from 1."""
        return self.attempts + 1

    def read(self, text: str) -> None:
        """Takes the payload from its text."""
        try:
            self.payload = decode(text)
        except PayloadError as error:
            self.payload, self.unreadable = None, str(error)

    def cancelled_unrun(self) -> Settlement:
        """Its settlement where it was asked to be cancelled before its handler began."""
        when = f"run {self.attempt}" if self.attempts else "it ran"
        return self.settled(Verdict.CANCELLED, error=f"cancelled before {when}")

    def completed(self, started_ns: int) -> Settlement:
        """Its settlement where the handler returned: what most jobs come to, so no argument is named."""
        used = self.completion is not None and self.completion.used
        return Settlement(
            self.job_id,
            self.fence,
            self.token,
            Verdict.COMPLETED,
            None,
            None,
            started_ns,
            used,
            self.place,
            None,
            self.kept,
        )

    def settled(
        self,
        verdict: Verdict,
        *,
        error: str | None = None,
        delay: float | None = None,
        started_ns: int = 0,
        run_at: datetime | None = None,
    ) -> Settlement:
        """This job's settlement."""
        used = self.completion is not None and self.completion.used
        return Settlement(
            self.job_id, self.fence, self.token, verdict, error, delay, started_ns, used, self.place, run_at
        )


def suspects_last(jobs: Iterable[ClaimedJob]) -> list[ClaimedJob]:
    """The same jobs, otherwise in their order: what waits behind a suspect would come back if its process died.

    Those that are suspects for their type alone come after the others.
    """
    return sorted(jobs, key=lambda job: (job.suspect, job.by_type))
