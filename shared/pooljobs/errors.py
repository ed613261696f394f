"""Every error pooljobs raises on purpose. Each says what is wrong, where, and what to do, and knows its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from pooljobs.exit_codes import ExitCode


class PoolJobsError(Exception):
    """Base of all errors of this package. ``hint`` is what to do next: a note too, so that whoever prints the error
    shows it, on a line of its own.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")


class AppLoadError(PoolJobsError):
    """``--app`` names nothing that can be used. ``traceback`` holds the user's own, if their code raised."""

    exit_code = ExitCode.APP

    def __init__(self, message: str, *, hint: str | None = None, traceback: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.traceback = traceback


class DeclarationError(PoolJobsError, TypeError):
    """A ``@app.job`` declaration contradicts itself."""

    exit_code = ExitCode.APP


class DatabaseUnreachableError(PoolJobsError):
    """An outage: no server answered at the DSN, it let nobody in, or it was lost before it had answered.

    Attributes:
        job_ids: The jobs of which nobody knows whether they were stored, or cancelled: the connection was lost after
            that was sent. All of them were, or none. Empty where nothing was done.
    """

    exit_code = ExitCode.DATABASE_UNREACHABLE

    def __init__(self, message: str, *, hint: str | None = None, job_ids: Sequence[UUID] = ()) -> None:
        super().__init__(message, hint=hint)
        self.job_ids = job_ids

    @property
    def maybe_stored(self) -> bool:
        """Whether the jobs, or the cancellation, may have been stored; if not, nothing was."""
        return len(self.job_ids) > 0


class DatabaseUnsupportedError(PoolJobsError):
    """The server is too old, or cannot be written to."""

    exit_code = ExitCode.DATABASE_UNSUPPORTED


class DatabaseReadOnlyError(DatabaseUnreachableError, DatabaseUnsupportedError):
    """The server takes no writes: a standby, one in maintenance, or one out of disk. Nothing was done."""

    exit_code = ExitCode.DATABASE_UNSUPPORTED


class DatabaseRefusedError(PoolJobsError):
    """The server is there, and did not carry the statement out: a privilege is missing, a timeout of the database cut
    it short, a trigger of yours raised. Nothing was done.
    """

    exit_code = ExitCode.DATABASE_REFUSED


class NotMigratedError(PoolJobsError):
    """The schema in the database is not the one this version needs."""

    exit_code = ExitCode.NOT_MIGRATED


class ConnectionBudgetError(PoolJobsError):
    """The fleet would need more connections than the server has."""

    exit_code = ExitCode.CONNECTION_BUDGET


class NotFoundError(PoolJobsError):
    """No such job, or no such job type."""

    exit_code = ExitCode.NOT_FOUND


class PayloadError(PoolJobsError, ValueError):
    """A payload that PostgreSQL or JSON cannot hold, or that the handler does not take. Nothing was enqueued."""

    exit_code = ExitCode.USAGE


class OptionError(PoolJobsError, ValueError):
    """An enqueue option or a setting is out of its range, or a connection string is none."""

    exit_code = ExitCode.USAGE


class RefusedError(PoolJobsError):
    """It cannot be done as things stand, and nothing was: the job has ended, nobody agreed, or no database was named
    where a service manager runs the process.
    """

    exit_code = ExitCode.REFUSED


class SystemRefusedError(PoolJobsError):
    """The system does not give a process what it needs: descriptors, ``/dev/null``, a place for temporary files."""

    exit_code = ExitCode.EXHAUSTED


class EmbeddedError(PoolJobsError):
    """The embedded PostgreSQL is not installed or did not start."""

    exit_code = ExitCode.EMBEDDED


class EmbeddedInUseError(EmbeddedError):
    """Somebody uses the embedded PostgreSQL that was to be stopped, or whose data were to be removed."""

    exit_code = ExitCode.IN_USE


class ClaimLostError(PoolJobsError):
    """A job was to be completed whose claim is not held any more: ``job_id``, if it is known."""

    def __init__(self, message: str, *, hint: str | None = None, job_id: UUID | None = None) -> None:
        super().__init__(message, hint=hint)
        self.job_id = job_id


class ScoreboardError(PoolJobsError):
    """The scoreboard could not be made, or was asked for something that it does not have."""
