"""The commands that change schedules: add, edit, pause, resume, run-now, remove."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pooljobs.errors import OptionError
from pooljobs.exit_codes import ExitCode
from pooljobs.job.options import EnqueueOptions, check_name
from pooljobs.job.schedule_rule import Schedule, check_schedule_name
from pooljobs.payload.encoding import encode
from pooljobs.process.importing import uncollected
from pooljobs_cli.arguments.payload_source import read_payload
from pooljobs_cli.arguments.time_arguments import delay_of
from pooljobs_cli.command_database import reading
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, Schema
from pooljobs_cli.completion.completion_values import job_types, queues
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.console import emit_json, emit_lines

if TYPE_CHECKING:
    from pooljobs.operations.schedule_orders import Schedules

Name = Annotated[str, typer.Argument(metavar="NAME", help="A schedule's name.")]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="Job type: the handler's name.", autocompletion=job_types)]
Cron = Annotated[
    str | None,
    typer.Option("--cron", metavar="EXPRESSION", help="'minute hour day month weekday', or a name such as @daily."),
]
Every = Annotated[
    str | None, typer.Option("--every", metavar="TIME", help="Instead, an interval: seconds, or 1h30m, 2d.")
]
Zone = Annotated[str, typer.Option("--tz", metavar="ZONE", help="Time zone of --cron: Europe/Berlin.")]
OtherZone = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Time zone of --cron.", show_default="as it was")
]
Payload = Annotated[
    str | None,
    typer.Option("--payload", "-p", metavar="JSON|@FILE|-", help="Payload of its jobs.", show_default="{}"),
]
Queue = Annotated[
    str | None,
    typer.Option("--queue", metavar="NAME", help="Default: the handler's own.", autocompletion=queues),
]
Priority = Annotated[int, typer.Option("--priority", metavar="N", help="-4 to 4, smaller first.")]
MaxRetries = Annotated[
    int | None,
    typer.Option("--max-retries", "--max-attempts", metavar="N", help="Most runs in all. Default: the handler's."),
]
Jitter = Annotated[str, typer.Option("--jitter", metavar="TIME", help="Put each job off by so much at most.")]
CatchUp = Annotated[str, typer.Option("--catch-up", metavar="last|all|none", help="Which missed ticks to run.")]
Overlap = Annotated[
    str, typer.Option("--overlap", metavar="skip|allow", help="Whether to run beside an earlier job of its own.")
]
Reset = Annotated[bool, typer.Option("--reset", help="Back to what the code says.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, in a line.")]

_CODES: Final = (*DATABASE_CODES, ExitCode.NOT_FOUND)
ADD_HELP: Final = teach(
    "Stores a schedule, or replaces the stored one of that name.",
    "The payload is not checked against the handler: see --app of pooljobs enqueue, and app.schedule() in Python.",
    examples=(
        "pooljobs schedules add nightly report --cron '0 3 * * *' --tz Europe/Berlin",
        "pooljobs schedules add poll poll_feed --every 5m --payload '{\"feed\": 7}'",
    ),
    codes=(*DATABASE_CODES, ExitCode.REFUSED),
)
EDIT_HELP: Final = teach(
    "Gives a schedule other times. Of one that the code declares they outlast deployments, until --reset.",
    examples=(
        "pooljobs schedules edit nightly --cron '0 4 * * *' --tz Europe/Berlin",
        "pooljobs schedules edit r --reset",
    ),
    codes=(*_CODES, ExitCode.REFUSED),
)
PAUSE_HELP: Final = teach(
    "Pauses a schedule, also over restarts and deployments, until it is resumed.",
    examples=('pooljobs schedules pause nightly --reason "the warehouse moves"',),
    codes=_CODES,
)
RESUME_HELP: Final = teach(
    "Ends a pause: the next tick is enqueued, and none of those that passed.",
    examples=("pooljobs schedules resume nightly",),
    codes=_CODES,
)
RUN_HELP: Final = teach(
    "Enqueues the job of a schedule now, and prints its id. The schedule goes on as before.",
    examples=("pooljobs schedules run-now nightly",),
    codes=_CODES,
)
REMOVE_HELP: Final = teach(
    "Removes a stored schedule, or one that is retired. Its jobs stay.",
    examples=("pooljobs schedules remove nightly",),
    codes=(*_CODES, ExitCode.REFUSED),
)


@contextmanager
def schedules(dsn: str | None, schema: str, *, embedded: bool) -> Iterator[Schedules]:
    """The schedules of the database to use. Raises as ``reading``."""
    with uncollected():
        from pooljobs.operations.schedule_orders import Schedules

    with reading(dsn, schema, embedded=embedded) as reader:
        yield Schedules(reader.connection, schema)


def add(
    name: Name,
    job_type: Type,
    *,
    cron: Cron = None,
    every: Every = None,
    tz: Zone = "UTC",
    payload: Payload = None,
    queue: Queue = None,
    priority: Priority = 0,
    max_retries: MaxRetries = None,
    jitter: Jitter = "0",
    catch_up: CatchUp = "last",
    overlap: Overlap = "skip",
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Store a schedule."""
    check_schedule_name(name)
    check_name("job type", job_type)
    interval = None if every is None else delay_of(every)
    rule = Schedule(cron, every=interval, tz=tz, jitter=delay_of(jitter), catch_up=catch_up, overlap=overlap)  # type: ignore[arg-type]  # checked there
    options = EnqueueOptions(queue=queue, priority=priority, max_retries=max_retries)
    encoded = encode({} if payload is None else read_payload(payload), where="--payload")
    with schedules(dsn, schema, embedded=embedded) as desk:
        new = desk.put(name, job_type, encoded, options, rule)
    _tell(name, f"{name}: {rule.in_words()}", "added" if new else "replaced", as_json=as_json)


def edit(
    name: Name,
    *,
    cron: Cron = None,
    every: Every = None,
    tz: OtherZone = None,
    reset: Reset = False,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Give a schedule other times."""
    if reset and (cron or every or tz):
        hint = "leave one of them out"
        raise OptionError("--reset takes the code's times, and --cron, --every or --tz others", hint=hint)
    if tz and not (cron or every):
        raise OptionError("--tz is the zone of --cron", hint="give the expression too: --cron '0 3 * * *' --tz …")
    rule = None if reset else Schedule(cron, every=None if every is None else delay_of(every), tz=tz or "UTC")
    with schedules(dsn, schema, embedded=embedded) as desk:
        desk.edit(name, rule, tz)
        words = desk.find(name)["words"]
    _tell(name, f"{name}: {words}", "edited", as_json=as_json)


def pause(
    name: Name,
    *,
    reason: Reason = None,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Pause a schedule."""
    with schedules(dsn, schema, embedded=embedded) as desk:
        desk.pause(name, reason, _user())
    _tell(name, f"{name} is paused", "paused", as_json=as_json)


def resume(
    name: Name, *, dsn: Dsn = None, embedded: Embedded = False, schema: Schema = DEFAULT_SCHEMA, as_json: AsJson = False
) -> None:
    """Resume a schedule."""
    with schedules(dsn, schema, embedded=embedded) as desk:
        desk.resume(name)
    _tell(name, f"{name} goes on", "resumed", as_json=as_json)


def run_now(
    name: Name, *, dsn: Dsn = None, embedded: Embedded = False, schema: Schema = DEFAULT_SCHEMA, as_json: AsJson = False
) -> None:
    """Enqueue a schedule's job now."""
    with schedules(dsn, schema, embedded=embedded) as desk:
        job_id = desk.run(name)
    _tell(name, str(job_id), "enqueued", as_json=as_json, job_id=str(job_id))


def remove(
    name: Name, *, dsn: Dsn = None, embedded: Embedded = False, schema: Schema = DEFAULT_SCHEMA, as_json: AsJson = False
) -> None:
    """Remove a stored schedule."""
    with schedules(dsn, schema, embedded=embedded) as desk:
        desk.remove(name)
    _tell(name, f"{name} is removed", "removed", as_json=as_json)


def _tell(name: str, text: str, became: str, *, as_json: bool, **more: str) -> None:
    if as_json:
        emit_json({"schedule": name, "became": became, **more})
    else:
        emit_lines([text])


def _user() -> str | None:
    """Who pauses: the system's user, where it has a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None
