"""Decides what bounds a drain, and says it in one paragraph. Pure.

Two cases differ. Where the processors are full, whoever uses most of them is the bound, and nothing that waits matters.
Where they are not, workers wait: for the wire, for the disk, or for the server, which may be on another machine or wait
itself; what takes most of a worker's time is the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pooljobs_cli.bench.figures import Figures, Shares, fine, shares

FULL: Final = 0.1
"""Below this share of idle processors a machine counts as full."""


HALF: Final = 0.5
"""Of the processors: what workers and server use less of was used by others."""


class Bound(Enum):
    """What would have to be faster."""

    SERVER_CPU = "server CPU"
    WORKER_CPU = "worker CPU"
    COMMITS = "commits"
    ROUND_TRIPS = "round trips"
    SERVER = "server"
    """Its statements take the time, and it is not this machine's processors that they wait for."""
    OTHERS = "other programs"
    """This machine is busy with something else."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The bound, why, and what would move it."""

    bound: Bound
    text: str


def judge(figures: Figures) -> Judgement:
    """What bounds this drain."""
    drain = figures.drain
    if drain.idle is not None and drain.idle < FULL and drain.worker_cpu is not None:
        return _of_full_processors(figures, drain.worker_cpu, drain.server_cpu)
    found = shares(figures)
    candidates = (
        (found.wire, Judgement(Bound.ROUND_TRIPS, _of_wire(figures, found))),
        (found.disk, Judgement(Bound.COMMITS, _of_disk(figures, found))),
        (found.worker, Judgement(Bound.WORKER_CPU, _of_worker(found))),
        (found.server, Judgement(Bound.SERVER, _of_server(figures, found))),
    )
    return max(candidates, key=_share)[1]


def _share(candidate: tuple[float, Judgement]) -> float:
    return candidate[0]


def _of_full_processors(figures: Figures, worker_cpu: float, server_cpu: float | None) -> Judgement:
    """Worker and server share this machine, or the server is elsewhere and the workers fill it alone."""
    all_of_it = figures.drain.wall * figures.processors
    worker, server = worker_cpu / all_of_it, (server_cpu or 0.0) / all_of_it
    full = f"This machine's processors are full ({1 - (figures.drain.idle or 0.0):.0%} busy)"
    used = f"the workers use {worker:.0%}" + ("" if server_cpu is None else f", PostgreSQL {server:.0%}")
    if worker + server < HALF:
        what = "the server in a container, or some other program" if server_cpu is None else "some other program"
        return Judgement(Bound.OTHERS, f"{full}, but {used}: most is used by {what}. Measure again without it.")
    if worker >= server:
        more = "Workers on another machine, or more processors here, would bring more; more processes would not."
        return Judgement(Bound.WORKER_CPU, f"{full}, most of it by the workers: {used}. {more}")
    more = "More processors for it, or the workers on another machine, would bring more; more processes would not."
    return Judgement(Bound.SERVER_CPU, f"{full}, most of it by the database: {used}. {more}")


def _of_wire(figures: Figures, found: Shares) -> str:
    return (
        f"Round trips take {found.wire:.0%} of a worker's time, {fine(figures.round_trip)} each. Larger batches "
        "(--batch-size) spread them over more jobs, more processes wait for them side by side, and workers nearer to "
        "the database wait less."
    )


def _of_disk(figures: Figures, found: Shares) -> str:
    return (
        f"Commits that wait for the server's disk take {found.disk:.0%} of a worker's time, {fine(figures.commit)} "
        "each. Larger batches need fewer of them, more processes share them, --durability relaxed does not wait, and a "
        "disk with a safe write cache is faster."
    )


def _of_worker(found: Shares) -> str:
    return (
        f"The workers themselves compute for {found.worker:.0%} of their time, and processors are idle: more processes "
        "(--procs) would bring more."
    )


def _of_server(figures: Figures, found: Shares) -> str:
    waits = f"Workers wait for the server's statements for {found.server:.0%} of their time"
    idle = figures.drain.idle
    if figures.drain.server_cpu is None:
        return f"{waits}; it runs elsewhere, so look at its processors and locks. This machine has room."
    if idle is not None and idle >= 1 / (2 * figures.processors):
        return f"{waits}, while {idle:.0%} of this machine is idle: more processes (--procs) would bring more."
    return f"{waits}: the database is the limit."
