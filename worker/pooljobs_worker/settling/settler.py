"""Collects how jobs ended and settles them by the batch: at a batch's end, and by age from the flusher's thread.

A settlement whose claim was lost to somebody else (the lease ran out) is logged and dropped, never retried. One that
fails because the database is away is kept and tried until it passes; so is one that it refuses, which holds up no other
(``set_aside.py``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from uuid import UUID

import psycopg

from pooljobs.db.statements import Statements
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.process.child import Child
from pooljobs_worker.claims.held_jobs import HeldJobs
from pooljobs_worker.claims.lost_claims import LostClaims
from pooljobs_worker.session.lease import Lease
from pooljobs_worker.session.worker_session import WorkerSession
from pooljobs_worker.settling.set_aside import Ended, SetAside

SLOW = 1.0
"""Seconds: a flush that takes longer keeps the worker from claiming more, and from saying that it is well."""


class Settler:
    """The buffer of settlements. ``add`` and ``flush`` may be called from any thread.

    Attributes:
        session: What the settlements go through.
        set_aside: Those that the database refuses.
    """

    def __init__(
        self,
        session: WorkerSession,
        statements: Statements,
        *,
        child: Child,
        held: HeldJobs,
        lease: Lease,
        lost_claims: LostClaims,
        log: logging.Logger,
    ) -> None:
        self.session = session
        self._lost_claims = lost_claims
        self._child = child
        self._lease = lease
        self._settling = SettlementBatch(statements)
        self._slot = child.slot
        self._held = held
        self._log = log
        self._buffer: deque[Ended] = deque()  # its append and popleft are atomic
        self.set_aside = SetAside()
        self._oldest: float | None = None
        self._flushing = threading.Lock()
        self._since: float | None = None

    def add(self, settlement: Settlement, entry: int) -> None:
        """Takes one in; it is on its way to the database within the flusher's age limit."""
        self._buffer.append((settlement, entry))
        if self._oldest is None:  # after the append: a flush in between may leave it set for nothing, never unset
            self._oldest = time.monotonic()

    @property
    def waiting(self) -> int:
        """Settlements that are not on their way yet."""
        return len(self._buffer)

    def age(self, now: float) -> float:
        """Seconds that the oldest settlement has waited; 0 when none waits."""
        oldest = self._oldest
        return now - oldest if oldest is not None else 0.0

    def flush(self) -> None:
        """Settles all that is buffered, waiting for the database if it is away, a drain notwithstanding.

        Raises:
            GaveUpError: It would be in vain; the settlements are still buffered.
        """
        with self._flushing:
            self._flush(self.set_aside.take(time.monotonic()))

    def flush_last(self) -> None:
        """As ``flush``, also of what was set aside; the steward goes on with what is refused again."""
        with self._flushing:
            self._flush(self.set_aside.take_all())
            if self.set_aside:
                self._log.warning("leaving %d results that the database refuses to the steward", len(self.set_aside))

    def _flush(self, again: Sequence[Ended]) -> None:
        self._oldest = None
        batch = [*again, *self._drain()]
        if not batch:
            return
        self._since = time.monotonic()
        try:
            self._settle(batch)
        except BaseException:
            self._buffer.extendleft(reversed(batch))
            self._oldest = time.monotonic()  # or the flusher would not look at them again
            raise
        finally:
            self._since = None
        if len(self.set_aside) < len(again):
            self.set_aside.passed()

    def keep_pace(self) -> None:
        """Returns at once, or when a flush that has taken ``SLOW`` seconds is over: results that do not get through,
        on a connection gone silent above all, are to stop their worker as a claim would that does not return.
        """
        since = self._since
        if since is not None and time.monotonic() - since > SLOW:
            with self._flushing:
                pass

    def _in_vain(self) -> bool:
        """Nobody is left to end the wait, and the jobs are no longer ours."""
        return self._child.orphaned() and self._lease.expired(time.monotonic_ns())

    def _drain(self) -> list[Ended]:
        popleft = self._buffer.popleft  # nobody else takes anything out
        return [popleft() for _ in range(len(self._buffer))]

    def _settle(self, batch: Sequence[Ended]) -> None:
        settlements = [settlement for settlement, _ in batch]
        refused, unstorable, hindered = self.session.run(
            lambda connection: self._settling.settle(connection, settlements), give_up=self._in_vain
        )
        if hindered:
            batch = self._put_aside(batch, hindered)
            settlements = [settlement for settlement, _ in batch]
        self._held.drop([entry for _, entry in batch])
        if unstorable:
            self._tell_unstorable([item for item in settlements if item.job_id in unstorable])
            settlements = [item for item in settlements if item.job_id not in unstorable]
        self._count(settlements)
        if refused:
            lost = [item for item in settlements if item.job_id in refused and not self._lost_claims.settled(item)]
            self._tell_losses([item for item in lost if not item.in_transaction])

    def _put_aside(self, batch: Sequence[Ended], hindered: Mapping[bytes, psycopg.Error]) -> list[Ended]:
        """The rest of the batch."""
        for job_id, error in hindered.items():
            self.session.refused(error, f"the result of job {UUID(bytes=job_id)} is kept, and tried again")
        self.set_aside.put([ended for ended in batch if ended[0].job_id in hindered], time.monotonic())
        return [ended for ended in batch if ended[0].job_id not in hindered]

    def _tell_unstorable(self, kept: Sequence[Settlement]) -> None:
        """Nobody on the scoreboard holds these jobs any more: the steward gives them back."""
        for settlement in kept:
            self._log.error(
                "job %s ended (%s), and PostgreSQL cannot store that, not even by itself: it goes back to its queue",
                UUID(bytes=settlement.job_id),
                settlement.verdict.name.lower(),
            )

    def _tell_losses(self, lost: Sequence[Settlement]) -> None:
        self._slot.lost += len(lost)
        for settlement in lost:
            self._log.warning(
                "job %s was lost to another worker: its settlement (%s) was refused",
                UUID(bytes=settlement.job_id),
                settlement.verdict.name.lower(),
            )

    def _count(self, settlements: Sequence[Settlement]) -> None:
        verdicts = [settlement.verdict for settlement in settlements]
        self._slot.completed += verdicts.count(Verdict.COMPLETED)
        self._slot.failed += verdicts.count(Verdict.FAILED)
        self._slot.retried += verdicts.count(Verdict.RETRY)
        self._slot.released += verdicts.count(Verdict.RELEASED) + verdicts.count(Verdict.REFUSED)
