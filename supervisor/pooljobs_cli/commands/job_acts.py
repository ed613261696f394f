"""The commands that change single jobs: ``pooljobs jobs retry`` and ``pooljobs jobs cancel``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Final, TypeVar
from uuid import UUID

import typer

from pooljobs.errors import NotFoundError, OptionError, PoolJobsError, RefusedError
from pooljobs.exit_codes import ExitCode
from pooljobs.job.cancellation import Cancellation
from pooljobs_cli.command_database import reading
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, Schema
from pooljobs_cli.completion.completion_values import ids
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.console import emit_json, emit_lines, say, say_error

if TYPE_CHECKING:
    from pooljobs.operations.reader import Reader

_IDS: Final = "Ids, or the first 13 characters of each or more."
ToRetry = Annotated[list[str], typer.Argument(metavar="ID", help=_IDS, autocompletion=ids("failed", "cancelled"))]
ToCancel = Annotated[list[str], typer.Argument(metavar="ID", help=_IDS, autocompletion=ids("pending", "running"))]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, in a line: kept as the jobs' last error.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Return when the running ones have ended, however they did.")]

RETRY_HELP: Final = teach(
    "Puts failed or cancelled jobs back to pending, due now.",
    "They keep their ids and counts, and get at least one more run. Of a unique one another job may have the key:"
    " then it is left alone.",
    examples=("pooljobs jobs retry 01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e2f",),
    codes=(*DATABASE_CODES, ExitCode.NOT_FOUND, ExitCode.REFUSED),
)
CANCEL_HELP: Final = teach(
    "Cancels jobs: pending ones at once, running ones by asking them to end.",
    "Workers learn of it within about a second. A handler may clean up first, or complete all the same.",
    examples=(
        "pooljobs jobs cancel 01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e2f",
        'pooljobs jobs cancel 01981f0e-5b1a 01981f0e-6c2b --reason "wrong recipients" --wait',
    ),
    codes=(*DATABASE_CODES, ExitCode.NOT_FOUND, ExitCode.REFUSED),
)

_T = TypeVar("_T")

_LOOK_EVERY: Final = 0.2
_TELL_EVERY: Final = 5.0


def retry(
    ids_: ToRetry,
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Run jobs again."""
    with reading(dsn, schema, embedded=embedded) as reader:
        retried, refused = _each(ids_, lambda id_: _retry_one(reader, id_))
    if retried and as_json:
        emit_json({"retried": retried, "refused": [str(error) for error in refused]})
    elif retried:
        emit_lines(f"{id_} is pending again" for id_ in retried)
    _end(refused)


def cancel(
    ids_: ToCancel,
    *,
    reason: Reason = None,
    wait: Wait = False,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Cancel jobs."""
    with reading(dsn, schema, embedded=embedded) as reader:
        done, refused = _each(ids_, lambda id_: _cancel_one(reader, id_, reason))
        became = {id_: outcome.value for id_, outcome in done}
        if wait:
            became |= _wait_for(reader, [id_ for id_, outcome in done if outcome is Cancellation.REQUESTED])
    if became and as_json:
        jobs = [{"id": str(id_), "became": word} for id_, word in became.items()]
        emit_json({"jobs": jobs, "refused": [str(error) for error in refused]})
    elif became:
        emit_lines(f"{id_} {_told(word)}" for id_, word in became.items())
    _end(refused)


def _each(ids: Sequence[str], order: Callable[[str], _T]) -> tuple[list[_T], list[PoolJobsError]]:
    """Carry out the order for each id by itself: one that is refused does not hold back the others."""
    done: list[_T] = []
    refused: list[PoolJobsError] = []
    for id_ in ids:
        try:
            done.append(order(id_))
        except (NotFoundError, OptionError, RefusedError) as error:
            refused.append(error)
    return done, refused


def _end(refused: Sequence[PoolJobsError]) -> None:
    """Where some were refused: tell it as one error, and leave with the exit code of the first."""
    if refused:
        hints = dict.fromkeys(each.hint for each in refused if each.hint)
        say_error("\n".join(map(str, refused)), "\n".join(hints) or None, refused[0].exit_code)
        raise typer.Exit(refused[0].exit_code)


def _retry_one(reader: Reader, id_: str) -> str:
    job = reader.find(id_)
    if not reader.retry(job["id"]):
        holder = reader.key_holder(job["id"]) if job["status"] in ("failed", "cancelled") else None
        if holder is not None:
            hint = f"it can run again once that job has ended, or was cancelled: pooljobs jobs cancel {holder}"
            raise RefusedError(f"{job['id']} is unique, and another job has its key: {holder}", hint=hint)
        hint = "only failed and cancelled jobs can be retried"
        raise RefusedError(f"{job['id']} is {job['status']}", hint=hint)
    return str(job["id"])


def _cancel_one(reader: Reader, id_: str, reason: str | None) -> tuple[UUID, Cancellation]:
    job_id: UUID = reader.find(id_)["id"]
    outcome = reader.cancel(job_id, reason)
    if outcome in (Cancellation.ENDED, Cancellation.UNKNOWN):
        job = reader.find(str(job_id))  # raises for one that has gone in between
        raise RefusedError(f"{job_id} is {job['status']}", hint="only pending and running jobs can be cancelled")
    return job_id, outcome


def _wait_for(reader: Reader, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the jobs became, once all have ended; says now and then how many have not."""
    tell_at = time.monotonic() + _TELL_EVERY
    while left := reader.still_live(ids) if ids else []:
        if time.monotonic() >= tell_at:
            say(f"waiting for {len(left)} to end")
            tell_at = time.monotonic() + _TELL_EVERY
        time.sleep(_LOOK_EVERY)
    return {id_: str(reader.find(str(id_))["status"]) for id_ in ids}


def _told(word: str) -> str:
    return "is running, and was asked to end" if word == Cancellation.REQUESTED else f"is {word}"
