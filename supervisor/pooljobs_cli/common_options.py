"""Options that several commands share, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from pooljobs.errors import OptionError
from pooljobs_cli.completion.completion_values import queues

Dsn = Annotated[
    str | None,
    typer.Option(
        "--dsn",
        metavar="DSN",
        help="PostgreSQL to use, as URL or keywords.",
        show_default="POOLJOBS_DSN, then DATABASE_URL, then the embedded server",
    ),
]
Embedded = Annotated[
    bool,
    typer.Option("--embedded", help="Use the project's embedded PostgreSQL, under a service manager too."),
]
Schema = Annotated[
    str,
    typer.Option("--schema", metavar="NAME", help="Schema that holds pooljobs' tables.", envvar="POOLJOBS_SCHEMA"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
Yes = Annotated[
    bool,
    typer.Option("--yes", help="Do not ask before a database that was named is used; needed without a terminal."),
]
QueueFilter = Annotated[
    str | None, typer.Option("--queue", metavar="NAME", help="Only this queue.", autocompletion=queues)
]

DEFAULT_SCHEMA = "pooljobs"


def chosen_dsn(dsn: str | None, *, embedded: bool) -> str | None:
    """What ``--dsn`` and ``--embedded`` come to.

    Raises:
        OptionError: Both are given.
    """
    if embedded and dsn:
        raise OptionError("--dsn and --embedded name two databases", hint="leave out one of them")
    return "embedded" if embedded else dsn


def names(text: str) -> tuple[str, ...]:
    """The names in a comma-separated list, without repetitions.

    >>> names("default, emails,default,")
    ('default', 'emails')
    """
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
