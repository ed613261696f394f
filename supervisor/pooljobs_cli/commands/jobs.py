"""``pooljobs jobs``: the group of commands, and those that look: list, show."""

from __future__ import annotations

from typing import Annotated

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs.operations.listing import LONGEST_LIST, STATUSES
from pooljobs_cli.arguments.list_filters import check_filters
from pooljobs_cli.command_database import reading
from pooljobs_cli.command_group import add_command, new_group
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.commands.job_acts import CANCEL_HELP, RETRY_HELP, cancel, retry
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, QueueFilter, Schema, names
from pooljobs_cli.completion.completion_values import ids, job_types, several_statuses
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.calling_name import as_typed
from pooljobs_cli.output.console import emit, emit_json, output_width, say
from pooljobs_cli.output.job_json import job_json
from pooljobs_cli.output.json_text import masked
from pooljobs_cli.unserved import say_unserved

Status = Annotated[
    str | None,
    typer.Option(
        "--status", metavar="STATUS[,…]", help=f"Only these: {', '.join(STATUSES)}.", autocompletion=several_statuses
    ),
]
JobType = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Only this job type.", autocompletion=job_types)
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only jobs with this tag.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=LONGEST_LIST, metavar="N", help="Most jobs to list.")]
Id = Annotated[
    str, typer.Argument(metavar="ID", help="A job's id, or its first 13 characters or more.", autocompletion=ids())
]

LIST_HELP = teach(
    "Lists jobs, the newest first.",
    "By when they ended, or else were enqueued.",
    examples=("pooljobs jobs list", "pooljobs jobs list --status failed --queue emails", "pooljobs jobs list --json"),
    codes=(*DATABASE_CODES, ExitCode.REFUSED),
)
SHOW_HELP = teach(
    "Shows everything about one job: payload, times, runs, and its last error with the traceback.",
    examples=("pooljobs jobs show 01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e2f", "pooljobs jobs show 01981f0e-5b1a"),
    codes=(*DATABASE_CODES, ExitCode.NOT_FOUND, ExitCode.REFUSED),
)


def register(parent: typer.Typer) -> None:
    """Add the group to the command line."""
    group = new_group(HelpPage(summary=SUMMARIES["jobs"]))
    add_command(group, "list", page=LIST_HELP)(list_jobs)
    add_command(group, "show", page=SHOW_HELP)(show)
    add_command(group, "retry", page=RETRY_HELP)(retry)
    add_command(group, "cancel", page=CANCEL_HELP)(cancel)
    parent.add_typer(group, name="jobs")


def list_jobs(
    status: Status = None,
    queue: QueueFilter = None,
    job_type: JobType = None,
    tag: Tag = None,
    limit: Limit = 20,
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """List jobs."""
    check_filters(queue=queue, type=job_type, tag=tag)
    with reading(dsn, schema, embedded=embedded) as reader:
        jobs = reader.list_jobs(
            statuses=names(status or ""), queue=queue, job_type=job_type, tag=tag, limit=limit, whole=as_json
        )
    if as_json:
        emit_json([job_json(job) for job in jobs])
    elif jobs:
        from pooljobs_cli.output.job_table import job_table

        emit(job_table(jobs, output_width()))
        say_unserved({job["queue"] for job in jobs if job["unserved"]})
    else:
        filtered = status or queue or job_type or tag
        none_yet = as_typed("no jobs yet: enqueue one with  pooljobs enqueue TYPE --payload '{…}'")
        say("no job matches" if filtered else none_yet)


def show(
    id_: Id,
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Show one job."""
    with reading(dsn, schema, embedded=embedded) as reader:
        job = reader.find(id_)
    if as_json:
        emit_json(job_json(job))
    else:
        from pooljobs_cli.output.job_sheet import job_sheet

        emit(job_sheet(job | {"payload": masked(job["payload"], job["secret"] or ())}))
        if job["unserved"]:
            say_unserved([job["queue"]])
