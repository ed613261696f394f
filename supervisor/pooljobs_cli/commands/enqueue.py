"""``pooljobs enqueue``: stores one job and prints its id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pooljobs.errors import NotFoundError, PayloadError
from pooljobs.exit_codes import ExitCode
from pooljobs.job.options import EnqueueOptions, check_name
from pooljobs.job.type_names import shortened
from pooljobs.payload.encoding import decode, encode
from pooljobs.process.importing import uncollected
from pooljobs_cli.arguments.job_options import (
    Delay,
    Fields,
    MaxRetries,
    Meta,
    Payload,
    Priority,
    Queue,
    RunAt,
    Tags,
    TraceId,
    Type,
)
from pooljobs_cli.arguments.named_values import meta_of, payload_of
from pooljobs_cli.arguments.payload_source import read_payload
from pooljobs_cli.arguments.time_arguments import delay_of, moment_of
from pooljobs_cli.command_database import announce, migrating_told
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, chosen_dsn
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.console import emit_json, say, write
from pooljobs_cli.unserved import say_unserved

if TYPE_CHECKING:
    from pooljobs.application.app import PoolJobs
    from pooljobs.application.task import Task
    from pooljobs.operations.enqueue_one import Enqueued, EnqueuedJob

Schema = Annotated[
    str,
    typer.Option(
        "--schema",
        metavar="NAME",
        help="Schema of the tables.",
        show_default="--app's, else pooljobs",
        envvar="POOLJOBS_SCHEMA",
    ),
]
App = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:ATTRIBUTE",
        help="Check type and payload against this application.",
        envvar="POOLJOBS_APP",
    ),
]

HELP = teach(
    SUMMARIES["enqueue"],
    "With --app, the type must be declared there and the payload must fit its "
    "handler; without, the type's declaration as its workers last published it gives queue and runs, and a type that "
    "none ever declared, where others are declared, is stored with a warning.",
    examples=(
        "pooljobs enqueue thumbnail path=x.png width:=64 --app jobs:app",
        "pooljobs enqueue thumbnail --payload @job.json --delay 1h --priority -1",
        "generate | pooljobs enqueue report --payload -",
    ),
    codes=(*DATABASE_CODES, ExitCode.APP, ExitCode.NOT_FOUND, ExitCode.REFUSED),
)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    add_command(cli, "enqueue", page=HELP)(enqueue)


def enqueue(
    job_type: Type,
    fields: Fields = None,
    *,
    payload: Payload = None,
    queue: Queue = None,
    delay: Delay = None,
    run_at: RunAt = None,
    priority: Priority = 0,
    max_retries: MaxRetries = None,
    trace_id: TraceId = None,
    tags: Tags = None,
    meta: Meta = None,
    app: App = None,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = "",
    as_json: AsJson = False,
) -> None:
    """Enqueue one job."""
    check_name("job type", job_type)
    named = chosen_dsn(dsn, embedded=embedded)
    options = EnqueueOptions(
        queue=queue,
        delay=None if delay is None else delay_of(delay),
        run_at=None if run_at is None else moment_of(run_at),
        priority=priority,
        max_retries=max_retries,
        trace_id=trace_id,
        tags=tags,
        meta=meta_of(meta) if meta else None,
    )
    value = _value(fields or (), payload)
    loaded = _load(app) if app else None
    job = _prepare(job_type, value, options, loaded)
    enqueued = _store(job, named or (loaded.dsn if loaded else None), schema or (loaded.schema if loaded else ""))
    _tell(enqueued, job.job_type, app, as_json=as_json)


def _tell(enqueued: Enqueued, job_type: str, app: str | None, *, as_json: bool) -> None:
    if enqueued.declared and not app:  # where no fleet ever declared anything nothing is known of any type
        say(_never_declared(job_type, enqueued.declared), style="warning")
    if as_json:
        told = {"id": enqueued.job_id, "job_type": job_type, "queue": enqueued.queue, "unserved": enqueued.unserved}
        emit_json(told)
    else:
        write(f"{enqueued.job_id}\n")
        if enqueued.unserved:
            say_unserved([enqueued.queue], app)


def _value(fields: Sequence[str], payload: str | None) -> Any:
    if fields and payload is not None:
        raise PayloadError("the payload is given twice: by its fields and by --payload", hint="leave out one of them")
    return payload_of(fields) if payload is None else read_payload(payload)


def _load(app: str) -> PoolJobs:
    with uncollected():
        from pooljobs.application.loading import load_app

    return load_app(app)


def _prepare(job_type: str, value: Any, options: EnqueueOptions, app: PoolJobs | None) -> EnqueuedJob:
    from pooljobs.operations.enqueue_one import EnqueuedJob

    if app is None:
        return EnqueuedJob(job_type, encode(value, where=f"{job_type}: payload"), options=options)
    task = _declared(job_type, app)
    job = task.job_of(task.binder.encoded(value), options)
    meta = None if job.meta is None else decode(job.meta)
    applied = replace(options, trace_id=job.trace_id, tags=job.tags, meta=meta)  # hooks may have put in some
    return EnqueuedJob(job.job_type, job.payload, options=applied, queue=job.queue, max_retries=job.max_retries)


def _store(job: EnqueuedJob, dsn: str | None, schema: str) -> Enqueued:
    with uncollected():
        from pooljobs.db.database import open_database
        from pooljobs.operations.enqueue_one import enqueue_one

    chosen = schema or DEFAULT_SCHEMA
    with open_database(dsn, schema=chosen) as database:
        announce(database)
        with migrating_told(database, chosen):
            return enqueue_one(database.dsn, chosen, job)


def _never_declared(job_type: str, declared: Sequence[str]) -> str:
    close = get_close_matches(job_type, declared, n=1)
    hint = f"; did you mean {close[0]} ?" if close else ""
    return f"no worker has ever declared the job type {shortened(job_type)!r}: the job waits for one that does{hint}"


def _declared(job_type: str, app: PoolJobs) -> Task:
    registry = app.registry
    task = registry.get(job_type)
    if task is not None:
        return task
    close = get_close_matches(job_type, registry)
    hint = f"did you mean {close[0]} ?" if close else f"it declares {', '.join(sorted(registry)) or 'no jobs at all'}"
    raise NotFoundError(f"the application declares no job type {job_type!r}", hint=hint)
