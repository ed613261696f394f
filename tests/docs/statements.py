"""docs/internals/statements.md: the .sql files, from their heads.

A statement's head is the comment that the file opens with: what it is for, ``Parameters:``, ``Returns`` where it does,
``Locks:``, ``Index:``, and ``Run by:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tests.docs.blocks import ROOT

PAGE = ROOT / "docs/internals/statements.md"
SQL = "shared/pooljobs/sql"
CLI = "supervisor/pooljobs_cli"
_FOLDERS = ("functions", "grants")

_HEAD = f"""# Statements and functions

This page is made by `make docs` from the files' heads (`tests/docs/statements.py`). Why statements are written as they
are: [plans.md](plans.md).

All statements are in `{SQL}/statements`. `shared/pooljobs/db/statements.py` loads them and fills in the schema.
Each opens with what it is for, its parameters, what it returns, which rows it locks, which index it uses, and who runs
it.

## Statements
"""

_SECTIONS = f"""## Functions and the view

In `{SQL}/functions`, made anew at each migration.

{{functions}}
## Rights

In `{SQL}/grants`, for `pooljobs grant`.

{{grants}}
## Of commands

{{commands}}"""


@dataclass(frozen=True)
class Head:
    """What the head of a statement says; a part that it does not say is empty."""

    purpose: str
    parameters: str
    locks: str
    index: str
    run_by: str

    @property
    def missing(self) -> list[str]:
        """Parts that a statement's head must have, and this one has not."""
        parts = {"Parameters:": self.parameters, "Locks:": self.locks, "Index:": self.index, "Run by:": self.run_by}
        return [name for name, text in parts.items() if not text]


def comment(text: str) -> str:
    """The comment that a file opens with, in one line."""
    lines = takewhile(lambda line: line.startswith("--"), text.splitlines())
    return " ".join(" ".join(line[2:] for line in lines).split())


def head(text: str) -> Head:
    """Takes a statement's opening comment apart."""
    whole = comment(text)
    return Head(
        sentence(whole),
        _behind("Parameters", whole),
        _behind("Locks:", whole),
        _behind("Index:", whole),
        _behind("Run by:", whole),
    )


def sentence(text: str) -> str:
    """The first sentence, with its stop."""
    return re.split(r"(?<=[\w)}`'”]\.) ", text, maxsplit=1)[0]


def _behind(name: str, text: str) -> str:
    found = re.search(rf"\b{name}[:,]? (.+)", text)
    return re.split(r" (?=Locks:|Index:|Run by:|Returns)", sentence(found[1]), maxsplit=1)[0] if found else ""


def statement_files() -> list[Path]:
    """The statements that fleets, applications and the command line run."""
    return sorted((ROOT / SQL / "statements").glob("*.sql"))


def generate() -> str:
    """The page as the files of today have it."""
    commands = sorted((ROOT / CLI).rglob("*.sql"))
    sections = {name: _short(sorted((ROOT / SQL / name).glob("*.sql"))) for name in _FOLDERS}
    return "\n".join([_HEAD, *_statements(), "", _SECTIONS.format(**sections, commands=_short(commands, ROOT / CLI))])


def _statements() -> Iterator[str]:
    yield "| File | For | Run by | Locks | Index |"
    yield "|---|---|---|---|---|"
    for path in statement_files():
        one = head(path.read_text())
        cells = (one.purpose, *(part.removesuffix(".") for part in (one.run_by, one.locks, one.index)))
        yield f"| `{path.name}` | " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _short(files: list[Path], root: Path | None = None) -> str:
    table = ["| File | For |", "|---|---|"]
    for path in files:
        name = path.relative_to(root) if root else path.name
        table += [f"| `{name}` | {sentence(comment(path.read_text()))} |"]
    return "\n".join([*table, ""])
