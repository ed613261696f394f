"""Takes documents apart: fenced blocks, and the commands in those that show a terminal."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")

RUN = ("python", "console", "sql")
SHOWN = ("text", "ini")
"""Languages of blocks that hold nothing to run: diagrams, excerpts, a unit file."""

PROMPT = "$ "
INTERRUPT = "^C"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the document it begins at."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command at a prompt, or an interrupt of what runs (``^C``), with the output that is shown for it."""

    text: str
    output: tuple[str, ...]


def documents() -> list[Path]:
    """All documents of the project."""
    return [*(ROOT / name for name in DOCUMENTS), *sorted((ROOT / "docs").rglob("*.md"))]


def files() -> frozenset[str]:
    """Every file of the project, tracked or about to be, as it is named from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    found = listed or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return frozenset(name for name in found if (ROOT / name).is_file())


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without the table's own."""
    section = text.partition(f"{heading}\n")[2].split("\n#", 1)[0]
    lines = section[section.index("\n|") + 1 :].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def anchors(text: str) -> set[str]:
    """What a link to a place in a document may name: its headings, as they are made into anchors."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a document, in order."""
    for match in _FENCE.finditer(text):
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 1)


def commands(block: Block) -> list[Command]:
    """The commands of a console block, with what they print."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.replace("\\\n", "").splitlines():
        if line.startswith(PROMPT):
            found.append((line.removeprefix(PROMPT).partition("  # ")[0].strip(), []))
        elif line.startswith(INTERRUPT):
            found.append((INTERRUPT, [line.removeprefix(INTERRUPT)]))
        else:
            assert found, f"line {block.line}: a console block begins with a command, not with {line!r}"
            found[-1][1].append(line)
    return [Command(text, tuple(output)) for text, output in found]
