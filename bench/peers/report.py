"""Writes what came out: JSON with everything, Markdown with a table, and a plot where matplotlib is there."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.peers.catalog import YARDSTICK, Peer
from bench.peers.contest import PROCESSES, Effort, Outcome
from bench.peers.figures import FIGURES, Cell, Figure, Summary, summarize

HOW = f"""Each peer has {PROCESSES} worker processes, on the same processors as its server, and the same no-op job with
a payload of one number. A job counts once its completion is stored as durably as the peer's configuration says. Drains
run from the first completion to the last, a backlog there before: by the rows' own times where the peer keeps them, by
looking every 20 ms where it does not. Start-up of workers does not count. Idle latency is from the call of enqueue to
the handler's first line, one job at a time, the workers asleep in between. All figures are medians of {{rounds}} rounds
in which all peers take turns; in brackets how many times better pooljobs was, the median of the ratios within each
round."""


@dataclass(frozen=True)
class Report:
    """One run of the contest."""

    peers: Sequence[Peer]
    outcome: Outcome
    effort: Effort
    settings: Mapping[str, str]

    @property
    def summary(self) -> Summary:
        """Medians and ratios."""
        return summarize(self.outcome.samples)

    def as_json(self) -> dict[str, Any]:
        """All of it, with every sample."""
        return {
            "taken": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "settings": dict(self.settings),
            "effort": asdict(self.effort),
            "peers": {peer.key: self._described(peer) for peer in self.peers},
            "summary": {
                peer: {figure: asdict(cell) for figure, cell in cells.items()} for peer, cells in self.summary.items()
            },
            "samples": [asdict(sample) for sample in self.outcome.samples],
        }

    def as_markdown(self) -> str:
        """For people."""
        parts = ["# pooljobs beside its peers", HOW.format(rounds=self.effort.rounds), self._table()]
        parts += ["## Configurations", self._configurations()]
        if self.outcome.errors:
            parts += ["## What could not be measured", self._errors()]
        told = [f"{name} {value}" for facts in (machine(), self.settings) for name, value in facts.items()]
        return "\n\n".join([*parts, "## Machine and settings", "; ".join(told) + "."]) + "\n"

    def write(self, directory: Path) -> list[Path]:
        """Writes ``peers.json``, ``peers.md`` and, with matplotlib, ``peers.png``; which of them."""
        from bench.peers.plot import plot

        directory.mkdir(parents=True, exist_ok=True)
        (directory / "peers.json").write_text(json.dumps(self.as_json(), indent=2) + "\n")
        (directory / "peers.md").write_text(self.as_markdown())
        names = {peer.key: peer.name for peer in self.peers}
        plotted = plot(self.summary, names, directory / "peers.png")
        return [directory / "peers.json", directory / "peers.md", *([directory / "peers.png"] if plotted else [])]

    def _described(self, peer: Peer) -> dict[str, Any]:
        environment = self.outcome.environments.get(peer.key)
        return {
            "name": peer.name,
            "version": peer.version,
            "runs_on": environment.version if environment else None,
            "needs": peer.needs,
            "packages": list(peer.packages),
            "configuration": peer.configuration,
            "jobs": peer.jobs,
            "errors": self.outcome.errors.get(peer.key, []),
        }

    def _table(self) -> str:
        summary = self.summary
        order = sorted((peer for peer in self.peers if peer.key in summary), key=lambda peer: _rank(summary[peer.key]))
        heads = ["", *(f"{figure.title} ({figure.unit})" for figure in FIGURES)]
        rows = [[peer.name, *(_told(figure, summary[peer.key], peer) for figure in FIGURES)] for peer in order]
        return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---", *["---:"] * len(FIGURES)], *rows))

    def _configurations(self) -> str:
        lines = []
        for peer in self.peers:
            found = self.outcome.environments.get(peer.key)
            place = "Redis" if peer.needs == "redis" else "PostgreSQL"
            on = f"{found.version}, {place}" if found else place
            lines.append(f"- **{peer.name}** {peer.version} ({on}): {peer.configuration}.")
        return "\n".join(lines)

    def _errors(self) -> str:
        named = {peer.key: peer.name for peer in self.peers}
        return "\n".join(
            f"- **{named[key]}**: {error}" for key, errors in self.outcome.errors.items() for error in errors
        )


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "processors": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def number(value: float) -> str:
    """Three digits that count, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _told(figure: Figure, cells: Mapping[str, Cell], peer: Peer) -> str:
    cell = cells.get(figure.key)
    if cell is None:
        return "-"
    if peer.key == YARDSTICK or cell.ratio is None:
        return number(cell.value)
    return f"{number(cell.value)} ({number(cell.ratio)} times)"


def _rank(cells: Mapping[str, Cell]) -> float:
    drain = cells.get(FIGURES[0].key)
    return -drain.value if drain else 0.0
