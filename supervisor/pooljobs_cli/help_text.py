"""What commands' helps have in common: examples to copy, and the exit codes to expect with their meanings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.help_page import HelpPage

MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "done",
    ExitCode.USAGE: "the command line is wrong, or a value in it; nothing was done",
    ExitCode.APP: "the application could not be loaded",
    ExitCode.DATABASE_UNREACHABLE: "no server answered, or it refused the user or the database",
    ExitCode.DATABASE_UNSUPPORTED: "the server is older than PostgreSQL 14, or read-only",
    ExitCode.NOT_MIGRATED: "the schema is missing or of another version: run pooljobs migrate",
    ExitCode.CONNECTION_BUDGET: "the server, the role or the database may not have so many connections",
    ExitCode.NOT_FOUND: "no such job, or no such job type",
    ExitCode.REFUSED: "it cannot be done as things stand, or nobody agreed; nothing was done",
    ExitCode.EMBEDDED: "the embedded server is not installed or did not start",
    ExitCode.WORKER_BOOT: "no worker came up",
    ExitCode.DRAIN_TIMED_OUT: "the drain passed its time limit, or was cut short; what still ran is back in its queue",
    ExitCode.EXHAUSTED: "too few files may be open in a process",
    ExitCode.OUTPUT: "done, but stdout was closed or had no room for the result",
    ExitCode.DATABASE_REFUSED: "the server refused a statement: a privilege is missing, or a timeout cut it short",
    ExitCode.IN_USE: "somebody uses it: nothing was done",
    ExitCode.CHECK_FAILED: "the check found lost jobs, or jobs run twice",
}

DATABASE_CODES = (
    ExitCode.DATABASE_UNREACHABLE,
    ExitCode.DATABASE_UNSUPPORTED,
    ExitCode.NOT_MIGRATED,
    ExitCode.EMBEDDED,
    ExitCode.DATABASE_REFUSED,
)
"""What any command that looks into the database can end with."""


def teach(what: str, more: str = "", *, examples: Sequence[str], codes: Sequence[ExitCode] = ()) -> HelpPage:
    """The help of a command: ``what`` is shown in the list of commands too, the rest only in its own help.

    Every command can also end with 1 (a bug) and 2 (a wrong command line).
    """
    listed = [(int(code), MEANINGS[code]) for code in sorted({ExitCode.OK, ExitCode.USAGE, *codes})]
    return HelpPage(summary=what, more=more, examples=examples, codes=listed)
