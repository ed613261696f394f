"""What ``pooljobs bench`` says at its end. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from pooljobs_cli.bench.figures import Figures, fine, shares
from pooljobs_cli.bench.judgement import Judgement
from pooljobs_cli.output.console import block, line, lines

_WIDTH: Final = 100


def told(figures: Figures, judgement: Judgement) -> Text:
    """A table of figures, and what bounds them."""
    told = [f"{name:<16} {figure:<17}  {note}".rstrip() for name, figure, note in _rows(figures)]
    bound = line(f"bound by: {judgement.bound.value}", "bold")
    return (
        lines([*told, "", ""]).append_text(bound).append("\n").append_text(block(textwrap.fill(judgement.text, _WIDTH)))
    )


def _rows(figures: Figures) -> Iterator[tuple[str, str, str]]:
    drain, found = figures.drain, shares(figures)
    median, high = figures.idle_latency
    wait = max(0.0, figures.commit - figures.commit_unsynced)
    workers = "1 process" if drain.workers == 1 else f"{drain.workers} processes"
    yield "drain", _rate(drain.rate), f"{workers}, {drain.jobs / drain.settlements:.0f} jobs a turn"
    yield "enqueue, bulk", _rate(figures.bulk_rate), "enqueue_many, one client"
    yield "enqueue, single", _rate(figures.single_rate), "each committed, one client"
    yield "idle latency", f"{fine(median):>13}", f"enqueue to handler; 99th percentile {fine(high)}"
    yield "round trip", f"{fine(figures.round_trip):>13}", "a statement that does nothing"
    yield "commit", f"{fine(figures.commit):>13}", f"{fine(wait)} of it waits for the disk"
    told = {"own": found.worker, "server": found.server, "disk": found.disk, "wire": found.wire}
    yield "a worker's time", "", ", ".join(f"{name} {share:.0%}" for name, share in told.items())
    if drain.idle is not None:
        yield "this machine", "", f"{1 - drain.idle:.0%} of {figures.processors} processors busy during the drain"


def _rate(value: float) -> str:
    return f"{value:>10,.0f} jobs/s"
