"""What the demo says at its end. Pure: from the counts of the database to text and verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from pooljobs.ages import span
from pooljobs_cli.output.console import line, lines

Counts = Mapping[str, Any]


def holds(audit: Counts) -> bool:
    """Whether the audit found everything in order."""
    return not any(audit[name] for name in ("lost", "claimed_twice", "unsettled", "unproven"))


def summary(progress: Counts, measure: Counts, audit: Counts, procs: int) -> Text:
    """What happened, in a few lines."""
    ended = progress["completed"] + progress["failed"]
    seconds = measure["seconds"] or 0.0
    rate = ended / seconds if seconds else 0.0
    workers = "1 worker" if procs == 1 else f"{procs} workers"
    respawned = max(0, progress["workers"] - procs)
    crashed = f"killed their own worker: {measure['recovered']:,} recovered, {respawned:,} workers respawned"
    told = [
        f"{ended:,} jobs in {span(seconds)} with {workers}: {rate:,.0f} jobs/s",
        f"  done       {progress['completed']:>7,}   {progress['retried']:,} of them after retries",
        f"  failed     {progress['failed']:>7,}   for good, as they were made to",
        f"  crashed    {progress['crashes']:>7,}   {crashed}",
        f"  waited     {_percentiles(measure['waited'])}",
        f"  ran        {_percentiles(measure['ran'])}",
    ]
    return lines([*told, ""]).append_text(_verdict(audit))


def _verdict(audit: Counts) -> Text:
    good = holds(audit)
    told = f"{audit['lost']:,} lost, {audit['claimed_twice']:,} claimed twice"
    if audit["unsettled"]:
        told += f", {audit['unsettled']:,} not ended"
    if audit["unproven"]:
        told += f", {audit['unproven']:,} completed without a run"
    runs = f" (audit of {audit['runs']:,} runs, {audit['cut_short']:,} cut short)"
    return line(told, "bold green" if good else "bold red").append_text(line(runs))


def _percentiles(values: Sequence[float] | None) -> str:
    if values is None:
        return "-"
    return "   ".join(f"p{rank} {span(value)}" for rank, value in zip((50, 95, 99), values, strict=True))
