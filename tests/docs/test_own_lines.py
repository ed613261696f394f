"""How much of their own users write from nothing to a processed job: counted in the documents, which say so."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import ROOT, blocks, commands

CLIENT = "# ask.py\n"
"""Asks in the place of a browser: running it is counted, as uvicorn would be, and what it says is not."""

OF_THE_SERVER = "export "
"""Names a database that somebody has made."""


def own_lines(text: str) -> int:
    """Lines of code and commands, up to the one that runs the jobs."""
    count = 0
    for block in blocks(text):
        if block.language == "python" and not block.text.startswith(CLIENT):
            count += sum(bool(line) and not line.startswith("#") for line in map(str.strip, block.text.splitlines()))
        elif block.language == "console":
            for command in commands(block):
                count += not command.text.startswith(OF_THE_SERVER)
                if " serve " in command.text:
                    return count
    raise AssertionError("nobody serves")


@pytest.mark.parametrize(("document", "most"), [("django.md", 15), ("frameworks.md", 20)])
def test_a_project_takes_few_lines_of_ones_own_and_the_document_says_how_many(document: str, most: int) -> None:
    text = (ROOT / "docs" / document).read_text()
    count = own_lines(text)
    assert count <= most
    assert re.findall(r"\b(\d+) lines of your own\b", text) == [str(count)]
