"""The parts of one worker that its loop and its executor share, put together once at boot."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pooljobs.db.statements import Statements
from pooljobs.logs.job_log import JobLog
from pooljobs.process.child import Child
from pooljobs.settings import ServeSettings
from pooljobs_worker.claims.held_jobs import HeldJobs
from pooljobs_worker.claims.large_payloads import LargePayloads
from pooljobs_worker.claims.lost_claims import LostClaims
from pooljobs_worker.claims.paused_jobs import PausedJobs
from pooljobs_worker.claims.refused_shapes import RefusedShapes
from pooljobs_worker.claims.start_record import StartRecord
from pooljobs_worker.runtime.exhaustion import Exhaustion
from pooljobs_worker.runtime.peak_memory import PeakMemory
from pooljobs_worker.session.lease import Lease
from pooljobs_worker.session.registration import Registration
from pooljobs_worker.session.worker_session import WorkerSession
from pooljobs_worker.settling.flusher import Flusher
from pooljobs_worker.settling.progress_reports import ProgressReports
from pooljobs_worker.settling.settler import Settler


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Everything with a life as long as the worker's."""

    child: Child
    settings: ServeSettings
    statements: Statements
    session: WorkerSession
    held: HeldJobs
    lease: Lease
    registration: Registration
    settler: Settler
    flusher: Flusher
    progress_reports: ProgressReports
    start_record: StartRecord
    large_payloads: LargePayloads
    refused_shapes: RefusedShapes
    paused_jobs: PausedJobs
    peak: PeakMemory
    exhaustion: Exhaustion
    log: logging.Logger
    job_log: JobLog

    @classmethod
    def assemble(
        cls,
        settings: ServeSettings,
        child: Child,
        *,
        session: WorkerSession,
        settling: WorkerSession,
        log: logging.Logger,
    ) -> Components:
        """Puts them together; nothing is opened, started or sent yet.

        ``settling`` is the session for settlements; it may be the same one.
        """
        slot, statements = child.slot, Statements(settings.schema)
        held = HeldJobs(slot)
        lease = Lease(session, statements, slot=slot, job_timeout=settings.worker.job_timeout)
        lost_claims = LostClaims(statements, slot, log)
        settler = Settler(settling, statements, child=child, held=held, lease=lease, lost_claims=lost_claims, log=log)
        exhaustion = Exhaustion(child, log)
        flusher = Flusher(settler, lease, exhaustion=exhaustion, log=log, behind=settling is not session)
        for each in dict.fromkeys((session, settling)):
            each.at_reconnect(lost_claims.look)
            flusher.also(each.probe)
        return cls(
            child=child,
            settings=settings,
            statements=statements,
            session=session,
            held=held,
            lease=lease,
            registration=Registration(session, statements, child=child, settings=settings.worker, lease=lease),
            settler=settler,
            flusher=flusher,
            progress_reports=ProgressReports(settling, statements, slot=slot, looked_at=flusher.also, log=log),
            start_record=StartRecord(session, statements),
            large_payloads=LargePayloads(session, statements, settings.worker.max_batch_bytes),
            refused_shapes=RefusedShapes(),
            paused_jobs=PausedJobs(statements, child.board, log),
            peak=PeakMemory(slot),
            exhaustion=exhaustion,
            log=log,
            job_log=JobLog(log, settings.worker.log_jobs),
        )
