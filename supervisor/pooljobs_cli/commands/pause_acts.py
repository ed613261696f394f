"""What ``pooljobs queues`` and ``pooljobs types`` do, which differ in what they name."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs.job.pause import PauseKind, PauseNote, PauseTarget
from pooljobs_cli.command_database import reading
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.calling_name import as_typed
from pooljobs_cli.output.console import emit, emit_json, emit_lines, output_width, say

Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, in a line: shown to whoever looks.")]
By = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="NAME", help="Who does it, where the database's user, who is noted anyway, is several."
    ),
]

MOST: Final = 1000
"""Names listed."""

_CODES: Final = (*DATABASE_CODES, ExitCode.REFUSED)


def pause_help(what: str, example: str) -> HelpPage:
    """The help of ``pause``."""
    return teach(
        f"Pauses {what}, until it is resumed.",
        "Within about a second none of its jobs begins any more, on any host. What runs goes on, what was claimed and "
        "has not begun goes back, and enqueues work. A pause that is there stays as it is.",
        examples=(f"pooljobs {example}", f'pooljobs {example} --reason "the provider is down" --by Ada'),
        codes=_CODES,
    )


def resume_help(what: str, example: str) -> HelpPage:
    """The help of ``resume``."""
    return teach(
        f"Resumes {what}: workers go on with its jobs within about a second.",
        examples=(f"pooljobs {example}",),
        codes=_CODES,
    )


def list_named(kind: PauseKind, dsn: str | None, schema: str, *, embedded: bool, as_json: bool) -> None:
    """List what there is of a kind, with its pause."""
    with reading(dsn, schema, embedded=embedded) as reader:
        rows = reader.known_queues(limit=MOST) if kind == "queue" else reader.known_types(limit=MOST)
        all_told = reader.may_see_declared()
    if as_json:
        emit_json(rows)
    elif rows:
        from pooljobs_cli.output.pause_table import pause_table

        emit(pause_table(kind, rows, output_width()))
    else:
        say("no queue holds jobs, is declared or paused" if kind == "queue" else "no job type is declared or paused")
    if not all_told:
        say("what handlers declare is left out: this user may not know it")


def pause_one(
    kind: PauseKind,
    name: str,
    note: tuple[str | None, str | None],
    dsn: str | None,
    schema: str,
    *,
    embedded: bool,
    as_json: bool,
) -> None:
    """Pause it, and say so; ``note``: why, and who says so."""
    target = PauseTarget(kind, name)
    with reading(dsn, schema, embedded=embedded) as reader:
        done = reader.pause(target, PauseNote(*note))
        pause = reader.pause_named(target)
        if as_json:
            emit_json({"paused": done, "pause": pause})
        elif done:
            emit_lines([f"{target} is paused"])
            if reader.is_unheard_of(target):
                says = "it holds no job, and no handler names it" if kind == "queue" else "no worker ever declared it"
                say(f"is {target} misspelt? {says}: " + as_typed(f"pooljobs {kind}s list  shows those there are"))
        else:
            from pooljobs.operations.pauses import told

            emit_lines([f"{target} was paused before" + (f": {told(pause)}" if pause else "")])


def resume_one(kind: PauseKind, name: str, dsn: str | None, schema: str, *, embedded: bool, as_json: bool) -> None:
    """Resume it, and say so."""
    target = PauseTarget(kind, name)
    with reading(dsn, schema, embedded=embedded) as reader:
        done = reader.resume(target)
    if as_json:
        emit_json({"resumed": done, "kind": kind, "name": name})
    else:
        emit_lines([f"{target} is resumed" if done else f"{target} was not paused"])
