"""Helps of who calls the command by another name."""

from __future__ import annotations

from pooljobs_cli.help_names import as_called
from pooljobs_cli.help_page import HelpPage

PAGE = HelpPage(
    summary="Runs pooljobs' workers.",
    more="Run pooljobs migrate before; other-pooljobs migrate is another.",
    steps=(("pooljobs demo", "see it"), ("pooljobs serve --app jobs:app", "run the workers")),
    examples=("pooljobs serve --app jobs:app --procs 8", "DATABASE_URL=… pooljobs migrate"),
    codes=((6, "the schema is missing: run pooljobs migrate"),),
    closing="pooljobs COMMAND --help",
)


def test_under_its_own_name_nothing_is_changed() -> None:
    assert as_called(PAGE, "pooljobs") is PAGE


def test_a_projects_command_lines_can_be_copied() -> None:
    page = as_called(PAGE, "manage.py pooljobs")
    assert page.more == "Run manage.py pooljobs migrate before; other-pooljobs migrate is another."
    assert list(page.steps) == [("manage.py pooljobs serve", "run the workers")]
    assert list(page.examples) == ["manage.py pooljobs serve --procs 8"]
    assert list(page.codes) == [(6, "the schema is missing: run manage.py pooljobs migrate")]
    assert (page.summary, page.closing) == (PAGE.summary, "manage.py pooljobs COMMAND --help")
