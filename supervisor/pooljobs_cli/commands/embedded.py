"""``pooljobs embedded``: the group of commands for the embedded server of a project: status, psql, stop, reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.command_database import announce
from pooljobs_cli.command_group import add_command, new_group
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import AsJson
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.help_text import teach
from pooljobs_cli.output.console import emit_json, emit_lines, say

if TYPE_CHECKING:
    from pathlib import Path

    from pooljobs.embedded.project import Home
    from pooljobs.embedded.status import Status

GROUP_HELP: Final = HelpPage(
    summary=SUMMARIES["embedded"],
    more="Each project has a server of its own, with its own data: the nearest parent of the working directory that "
    "has a pyproject.toml, a manage.py or a .git, else the working directory. Commands and applications for which no "
    "database is named start it, share it, and stop it when the last of them ends. POOLJOBS_DATA_DIR names another "
    "directory for the data.",
)
STATUS_HELP: Final = teach(
    "Shows which project it is, where its data are, whether it runs, and who uses it.",
    "Nothing is started. The URL leads other programs of yours there, as long as the server runs.",
    examples=("pooljobs embedded status", "pooljobs embedded status --json"),
    codes=(ExitCode.EMBEDDED,),
)
PSQL_HELP: Final = teach(
    "Opens psql on it, and starts it before if need be.",
    "All arguments are psql's; its exit code is that of the command (1 its own error, 2 no connection, 3 a statement).",
    examples=("pooljobs embedded psql", 'pooljobs embedded psql -c "SELECT * FROM pooljobs.jobs"'),
    codes=(ExitCode.EMBEDDED,),
)
STOP_HELP: Final = teach(
    "Stops a server that nobody uses any more: one whose users were all killed.",
    "The last to leave stops it by itself. The data stay. Where somebody uses it, it says who, and nothing is done.",
    examples=("pooljobs embedded stop",),
    codes=(ExitCode.EMBEDDED, ExitCode.IN_USE),
)
RESET_HELP: Final = teach(
    "Removes its data, with all jobs in them: the next command begins with an empty database.",
    "Asks before, unless you pass --yes. Where somebody uses it, it says who, and nothing is done.",
    examples=("pooljobs embedded reset", "pooljobs embedded reset --yes"),
    codes=(ExitCode.REFUSED, ExitCode.EMBEDDED, ExitCode.IN_USE),
)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before; needed without a terminal.")]


def register(parent: typer.Typer) -> None:
    """Add the group to the command line."""
    group = new_group(GROUP_HELP)
    add_command(group, "status", page=STATUS_HELP)(status)
    takes_all = {"ignore_unknown_options": True, "allow_extra_args": True}
    add_command(group, "psql", page=PSQL_HELP, context_settings=takes_all)(psql)
    add_command(group, "stop", page=STOP_HELP)(stop)
    add_command(group, "reset", page=RESET_HELP)(reset)
    parent.add_typer(group, name="embedded")


def status(*, as_json: AsJson = False) -> None:
    """Show how it stands."""
    from pooljobs.embedded import default_home, left_data
    from pooljobs.embedded.status import status as status_of

    found = status_of(default_home())
    if as_json:
        emit_json(_members(found))
        return
    emit_lines(_told(found))
    for left in left_data(found.home):
        say(str(left), style="warning")


def psql(context: typer.Context) -> None:
    """Open psql."""
    from pooljobs.db.database import open_database
    from pooljobs.embedded.client import find_psql, run_psql

    program = find_psql(_home().root)
    with open_database("embedded") as database:
        announce(database)
        code = run_psql(program, database.dsn, context.args)
    raise typer.Exit(code)


def stop() -> None:
    """Stop it."""
    from pooljobs.embedded.ending import stop_server

    home = _home()
    stopped = stop_server(home.root)
    emit_lines([f"{_name(home)} {'is stopped' if stopped else 'does not run'}"])


def reset(*, yes: Yes = False) -> None:
    """Remove its data."""
    from pooljobs.embedded.ending import remove_data
    from pooljobs_cli.staging.consent import ask

    name = _name(home := _home())
    removed = remove_data(home.root, lambda: ask(f"all data of the {name} will be removed", yes=yes))
    emit_lines([f"{name} is empty now" if removed else f"{name} has no data"])


def _home() -> Home:
    from pooljobs.embedded import default_home

    return default_home()


def _name(home: Home) -> str:
    return f"embedded PostgreSQL {f'of the project {home.project}, ' if home.project else ''}in {home.root},"


def _members(status: Status) -> dict[str, Any]:
    home = status.home
    return {
        "project": None if home.project is None else _text(home.project),
        "data_directory": _text(home.root),
        "version": status.version,
        "size_bytes": status.size,
        "running": status.pid is not None,
        "pid": status.pid,
        "url": status.url,
        "users": [{"pid": user.pid, "command": user.command} for user in status.users],
        "sessions": [{"pid": each.pid, "name": each.name, "busy": each.busy} for each in status.sessions],
    }


def _text(path: Path) -> str:
    """A name in bytes that are no UTF-8 is no JSON either."""
    return str(path).encode(errors="replace").decode()


def _told(status: Status) -> list[str]:
    home = status.home
    idle = "does not run" if status.version else "does not run, has no data yet"
    rows = {
        "project": str(home.project or "none: POOLJOBS_DATA_DIR names the directory"),
        "data": f"{home.root}, {status.size / 2**20:,.0f} MB",
        "PostgreSQL": status.version or "-",
        "server": f"runs, pid {status.pid}" if status.pid else idle,
        "url": status.url or "-",
        "used by": ", ".join(map(str, status.users)) or "-",
        "connected": ", ".join(map(str, status.sessions)) or "-",
    }
    return [f"{name:<12}{value}" for name, value in rows.items()]
