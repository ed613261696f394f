"""The arguments and options by which one job is described on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from pooljobs_cli.completion.completion_values import job_types, queues

_JOB = "The job"

Type = Annotated[str, typer.Argument(metavar="TYPE", help="Job type: the handler's name.", autocompletion=job_types)]
Fields = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME=TEXT|NAME:=JSON", help="The payload, field by field."),
]
Payload = Annotated[
    str | None,
    typer.Option(
        "--payload",
        "-p",
        metavar="JSON|@FILE|-",
        help="The payload as a whole.",
        show_default="{}",
        rich_help_panel=_JOB,
    ),
]
Queue = Annotated[
    str | None,
    typer.Option(
        "--queue", metavar="NAME", help="Default: the handler's own.", rich_help_panel=_JOB, autocompletion=queues
    ),
]
Delay = Annotated[
    str | None,
    typer.Option(
        "--delay", metavar="TIME", help="Run it that much later: seconds, or 1h30m, 2d.", rich_help_panel=_JOB
    ),
]
RunAt = Annotated[
    str | None,
    typer.Option(
        "--run-at", metavar="WHEN", help="Run it not before that moment: 2026-12-24T18:00.", rich_help_panel=_JOB
    ),
]
Priority = Annotated[int, typer.Option("--priority", metavar="N", help="-4 to 4, smaller first.", rich_help_panel=_JOB)]
MaxRetries = Annotated[
    int | None,
    typer.Option(
        "--max-retries",
        "--max-attempts",
        metavar="N",
        help="Most runs in all. Default: the handler's.",
        rich_help_panel=_JOB,
    ),
]
TraceId = Annotated[
    str | None,
    typer.Option("--trace-id", metavar="TEXT", help="Carried by all log lines of the job.", rich_help_panel=_JOB),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="A tag to find it by; may be repeated.", rich_help_panel=_JOB),
]
Meta = Annotated[
    list[str] | None,
    typer.Option(
        "--meta",
        metavar="NAME=TEXT|NAME:=JSON",
        help="What else is to be known of it; may be repeated.",
        rich_help_panel=_JOB,
    ),
]
