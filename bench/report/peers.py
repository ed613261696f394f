"""The section on other queues, from the file that ``make bench-peers`` leaves; none where there is no such file."""

from __future__ import annotations

import json
from pathlib import Path

from bench.section import Section

TEXT = "Taken by `make bench-peers`, in another run than the rest of this report: its own ratios count."


def section(folder: Path) -> Section | None:
    """What ``peers.json`` holds, told by ``peers.md`` beside it."""
    file = folder / "peers.json"
    if not file.is_file():
        return None
    page = file.with_suffix(".md")
    told = page.read_text("utf-8").partition("\n")[2].strip() if page.is_file() else "See `peers.json`."
    return Section("peers", "Peers", f"{TEXT}\n\n{told}", data=json.loads(file.read_text("utf-8")))
