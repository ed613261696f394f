"""Runs what the documents show, from top to bottom, each document in a directory and on databases of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, RUN, SHOWN, anchors, blocks, commands, documents, files
from tests.docs.terminal import NOT_RUN_HERE, Terminal
from tests.support.project import Project

EVERY = documents()
RUNNABLE = [
    # the run that docs/chaos.md shows, and more of it, is in tests/chaos/test_chaos.py
    pytest.param(path, marks=[pytest.mark.long] * (path.name == "chaos.md"))
    for path in EVERY
    if any(block.language in RUN for block in blocks(path.read_text()))
]


@pytest.mark.timeout(600)  # some thirty commands one after the other
@pytest.mark.parametrize("document", RUNNABLE, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_shows_is_what_happens(
    document: Path, empty_dsn: str, cold_root: Path, seed: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path, cold_root.with_name("share"))
    project.seed(seed)
    with Terminal(tmp_path, project.env, dsn=empty_dsn) as terminal:
        for block in blocks(document.read_text()):
            terminal.run(block)


@pytest.mark.parametrize("document", EVERY, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_is_run_or_holds_nothing_to_run(document: Path) -> None:
    text = document.read_text()
    found = list(blocks(text))
    assert text.count("\n```") + text.startswith("```") == 2 * len(found), "a fence that is not closed"
    for block in found:
        assert block.language in RUN + SHOWN, f"line {block.line}: what is {block.language!r}?"
        if block.language == "text":
            assert not re.search(r"^(\$ |import |from \w+ import|pooljobs )", block.text, re.MULTILINE)


def test_the_commands_that_are_not_run_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = [
        command.text
        for path in EVERY
        for block in blocks(path.read_text())
        if block.language == "console"
        for command in commands(block)
        if any(re.fullmatch(pattern, command.text) for pattern in NOT_RUN_HERE)
    ]
    targets = {command.removeprefix("make ") for command in shown if command.startswith("make ")}
    assert {"demo", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


@pytest.mark.parametrize("document", sorted(name for name in files() if name.endswith(".md")))
def test_links_lead_somewhere(document: str) -> None:
    """Relative links of every Markdown file of the project: the file is there, and so is the heading."""
    path = ROOT / document
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", path.read_text()):
        if "://" in target:
            continue
        there = (path.parent / target) if target else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text()), f"{target}#{anchor}"


def test_anchors_are_made_of_headings() -> None:
    text = "# A job's walk\n\n```console\n# no heading\n```\n## Settings of `serve`, all\n"
    assert anchors(text) == {"a-jobs-walk", "settings-of-serve-all"}
