"""The command: ``python -m bench.peers``, which ``make bench-peers`` runs. See bench/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.peers.catalog import CatalogError, Peer, find_peers
from bench.peers.contest import Contest, Effort, Outcome
from bench.peers.report import Report
from bench.peers.servers import servers
from bench.places import ROOT

PEERS = ROOT / ".pooljobs" / "peers"
RESULTS = ROOT / "bench" / "results"
USAGE_ERROR, INCOMPLETE = 2, 1


def main(
    *,
    only: Annotated[str, typer.Option(help="Peers, with commas; pooljobs is always there. Default: all.")] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, in each of which all peers take turns.")] = 3,
    share: Annotated[float, typer.Option(min=0.0001, help="Of each peer's backlog; 0.1 is a quick look.")] = 1.0,
    seconds: Annotated[int, typer.Option(min=1, help="Seconds of each figure of single enqueues.")] = 3,
    latencies: Annotated[int, typer.Option(min=2, help="Jobs of an idle latency, one at a time.")] = 100,
    out: Annotated[Path, typer.Option(help="Where peers.json, peers.md and peers.png go.")] = RESULTS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if something could not be measured.")] = False,
) -> None:
    """Measure pooljobs beside its peers: the same jobs, the same machine, each as well set up as its documents say.

    Each peer is installed below .pooljobs/peers, once. One that cannot be set up is told, and the others go on.
    """
    try:
        peers = find_peers([name.strip() for name in only.split(",") if name.strip()])
    except CatalogError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(USAGE_ERROR) from None
    report = measure(peers, Effort(rounds, share, seconds, latencies))
    written = report.write(out)
    if as_json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print(report.as_markdown())
    typer.echo(f"written: {', '.join(map(str, written))}", err=True)
    if strict and report.outcome.errors:
        raise typer.Exit(INCOMPLETE)


def measure(peers: list[Peer], effort: Effort, root: Path = PEERS) -> Report:
    """Runs the contest on servers of its own, with a progress bar on stderr."""
    columns = (SpinnerColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with servers(root) as found, Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(peers) * (1 + 4 * effort.rounds))

        def tell(what: str) -> None:
            progress.update(task, description=what, advance=1)

        outcome: Outcome = Contest(found, effort, root, tell).run(peers)
        return Report(peers, outcome, effort, found.settings())


if __name__ == "__main__":
    typer.run(main)
