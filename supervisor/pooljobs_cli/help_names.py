"""Helps in the words of who calls the command by another name: of a Django project, ``python manage.py pooljobs``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.output.calling_name import OWN_NAME, as_typed

_APP: Final = re.compile(r" --app \S+")
_ELSEWHERE: Final = ("DATABASE_URL", "--dsn", f"{OWN_NAME} demo")
"""In command lines that name a database: the project's is named."""


def as_called(page: HelpPage, name: str) -> HelpPage:
    """The page for who calls it so."""
    if name == OWN_NAME:
        return page
    return replace(
        page,
        more=as_typed(page.more, name),
        steps=[
            (line, what)
            for (_, what), line in zip(page.steps, _lines([at for at, _ in page.steps], name), strict=True)
            if line
        ],
        examples=[line for line in _lines(page.examples, name) if line],
        codes=[(code, as_typed(meaning, name)) for code, meaning in page.codes],
        closing=as_typed(page.closing, name),
    )


def _lines(lines: Sequence[str], name: str) -> Sequence[str]:
    """Command lines; empty in the place of those that are not for a project."""
    return ["" if any(word in line for word in _ELSEWHERE) else _APP.sub("", as_typed(line, name)) for line in lines]
