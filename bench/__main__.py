"""``python -m bench``: runs the cases and writes one report. See bench/README.md.

``python -m bench [--quick | --thorough] [--only drain,latency] [--out DIR] [--json] [--dsn DSN]``
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bench.cases import CASES
from bench.effort import NORMAL, QUICK, THOROUGH, Effort
from bench.places import ROOT, database
from bench.report import as_json as json_report
from bench.report import markdown, peers, plots
from bench.report.machine import durability, machine
from bench.section import Section

RESULTS = ROOT / "bench" / "results"


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="One short round of each; no figure is a median.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help="Loads of minutes, tables of millions.")] = False,
    only: Annotated[str, typer.Option(help=f"Cases, with commas, of: {', '.join(CASES)}.")] = "",
    out: Annotated[Path, typer.Option(help="Where report.md, report.json and the plots go.")] = RESULTS,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print report.json too.")] = False,
) -> None:
    """Measure everything but the peers, and write a report."""
    if quick and thorough:
        raise typer.BadParameter("--quick and --thorough contradict each other")
    effort = QUICK if quick else THOROUGH if thorough else NORMAL
    with database(dsn) as found, psycopg.connect(found, autocommit=True) as connection:
        sections: list[Section] = []
        for section in measure(found, effort, _chosen(only)):
            sections.append(section)
            write(sections, durability(connection), effort, out)  # so that an interrupt leaves what was measured
    if json:
        print((out / "report.json").read_text("utf-8"))
    Console(stderr=True).print(f"report: {out / 'report.md'}")


def _chosen(only: str) -> list[str]:
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in CASES:
            raise typer.BadParameter(f"there is no case {name!r}; there are: {', '.join(CASES)}", param_hint="--only")
    return names or list(CASES)


def measure(dsn: str, effort: Effort, names: list[str]) -> Iterator[Section]:
    """The sections of the cases, one after the other, with a bar on stderr."""
    columns = (TextColumn("{task.description:10}"), BarColumn(30), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        for name in names:
            task, began = bar.add_task(name, total=1.0), time.monotonic()
            section = CASES[name](dsn, effort, partial(_show, bar, task))
            _show(bar, task, 1.0)
            bar.stop_task(task)
            if not sys.stderr.isatty():
                print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            yield section


def _show(bar: Progress, task: TaskID, share: float) -> None:
    bar.update(task, completed=share)


def write(sections: list[Section], server: dict[str, str], effort: Effort, out: Path) -> None:
    """Writes report.md, report.json, and a plot of each section where matplotlib is."""
    out.mkdir(parents=True, exist_ok=True)
    found = peers.section(out)
    everything = [*sections, *([found] if found else [])]
    drawn = [section for section in everything if section.panels] if plots.can_draw() else []
    for section in drawn:
        plots.draw(section, out / f"{section.name}.png")
    names = {section.name: f"{section.name}.png" for section in drawn}
    if found and (out / "peers.png").is_file():
        names["peers"] = "peers.png"
    facts = machine()
    (out / "report.md").write_text(markdown.render(everything, facts, server, effort.name, names), "utf-8")
    (out / "report.json").write_text(json_report.render(everything, facts, server, effort.name), "utf-8")


if __name__ == "__main__":
    typer.run(main)
