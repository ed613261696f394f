"""What a Django project's users are told to run is what they type: ``python manage.py pooljobs …``."""

from __future__ import annotations

import pytest

from pooljobs.contrib.django.management.commands.pooljobs import _command
from pooljobs.db.database import Database
from pooljobs.errors import NotMigratedError
from pooljobs.exit_codes import ExitCode
from pooljobs_cli.command_failures import report
from pooljobs_cli.migrate_hint import with_command
from pooljobs_cli.output.calling_name import as_typed, called_as
from pooljobs_cli.output.console import for_programs
from pooljobs_cli.unserved import unserved

DJANGOS = "python manage.py pooljobs"
HERE = Database("dbname=x", "POOLJOBS_DSN")


@pytest.mark.parametrize(
    ("program", "called"),
    [
        ("manage.py", DJANGOS),
        ("./manage.py", DJANGOS),
        ("/usr/lib/python3/django/__main__.py", "python -m django pooljobs"),
        ("/usr/bin/django-admin", "django-admin pooljobs"),
    ],
)
def test_what_is_typed_before_a_command(program: str, called: str) -> None:
    assert _command(program, ["jobs", "list"])[3:] == [called, "jobs", "list"]


def test_hints_name_the_command_that_users_type(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOLJOBS_SCHEMA", "background")
    with called_as(DJANGOS):
        missing = with_command(NotMigratedError("none", hint="run: pooljobs migrate"), HERE, "background")
        assert missing is not None
        assert report(missing, show_traceback=False) is ExitCode.NOT_MIGRATED
        assert capsys.readouterr().err == f"error: none\nhint: run: {DJANGOS} migrate\n"
        with for_programs():
            report(missing, show_traceback=False)
        assert f'"run: {DJANGOS} migrate"' in capsys.readouterr().err
    report(NotMigratedError("none", hint="run: pooljobs migrate"), show_traceback=False)
    assert capsys.readouterr().err.endswith("hint: run: pooljobs migrate\n")


def test_another_schema_than_the_projects_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOLJOBS_SCHEMA", "background")
    with called_as(DJANGOS):
        told = with_command(NotMigratedError("none", hint="run: pooljobs migrate"), HERE, "pooljobs")
    assert told is not None
    assert told.hint == "run: pooljobs migrate --schema pooljobs"


def test_a_project_need_not_name_its_application() -> None:
    with called_as(DJANGOS):
        assert unserved(["mails"], "shop:app").endswith(f"start one with: {DJANGOS} serve --queues mails")


def test_only_commands_are_renamed() -> None:
    text = "see pooljobs.errors, other-pooljobs migrate and pooljobs itself; pooljobs jobs list  shows them"
    with called_as(DJANGOS):
        assert as_typed(text) == text.replace("pooljobs jobs", f"{DJANGOS} jobs")
