"""How fast a fleet empties a queue of jobs that do nothing, along one axis at a time around a centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.drains import Bench, Round
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
A backlog of jobs that do nothing, emptied by `pooljobs serve`; history is kept. Two processes, claims of 500 jobs,
payloads of 100 B and a plain handler, and one of these different at a time. The *limit* is measured in turn with
it, at the same batch, payload and number of connections: the same statements by pgbench, with no Python
(`bench/pgbench.py`). Adaptive batches are held against the limit at 500, over a longer backlog. A job counts once its
completion is committed."""

WANTED: Final = 0.8
"""Of the limit, for adaptive batches (500 where there are none)."""


@dataclass(frozen=True)
class Setting:
    """One way to drain. ``batch`` is 0 for adaptive."""

    axis: str
    name: str
    procs: int = 2
    batch: int = 500
    payload: int = 100
    handler: str = "noop"

    @property
    def identity(self) -> tuple[int, int, int, str]:
        """What decides the figure: the same setting stands on several axes and is measured once."""
        return self.procs, self.batch, self.payload, self.handler


def settings(effort: Effort) -> list[Setting]:
    """All settings, axis by axis."""
    found = [Setting("processes", str(procs), procs=procs) for procs in effort.procs]
    found += [Setting("batch", str(batch), batch=batch) for batch in effort.batches]
    found.append(Setting("batch", "adaptive", batch=0))
    found += [Setting("payload", f"{size:,} B", payload=size) for size in effort.payloads]
    found += [Setting("handler", "plain"), Setting("handler", "async", handler="noop_async")]
    return found


def backlog(setting: Setting, jobs: int) -> int:
    """How many jobs take about as long as ``jobs`` do at the centre; adaptive batches, which grow first, have longer.

    >>> [backlog(Setting("", "", batch=batch), 60_000) for batch in (1, 10, 500, 0)]
    [3000, 15000, 60000, 240000]
    """
    slower = {1: 20, 10: 4, 0: 1 / 4}.get(setting.batch, 1) * max(1.0, setting.payload / 2_000)
    return int(jobs * max(1.0, setting.procs / 8) / slower)


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Fleet and limit in turn, setting by setting, round by round."""
    chosen = settings(effort)
    different = {setting.identity: setting for setting in chosen}
    done: dict[Any, list[tuple[Round, Round]]] = {identity: [] for identity in different}
    for n in range(effort.rounds):
        for at, (identity, setting) in enumerate(different.items()):
            done[identity].append(_pair(dsn, setting, effort.jobs))
            progress((n + (at + 1) / len(different)) / effort.rounds)
    return section(chosen, {setting: done[setting.identity] for setting in chosen})


def _pair(dsn: str, setting: Setting, jobs: int) -> tuple[Round, Round]:
    bench = Bench(dsn, backlog(setting, jobs), setting.procs, setting.batch or 500, setting.payload)
    with bench.connection:
        bench.job_type = setting.handler
        fleet = bench.of_fleet(adaptive=setting.batch == 0)
        return fleet, bench.of_pgbench()


def section(chosen: Sequence[Setting], done: dict[Setting, list[tuple[Round, Round]]]) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(_row(setting, done[setting]) for setting in chosen)
    headings = ("", "jobs/s", "limit", "ratio, pair by pair", "worker CPU µs/job", "server CPU µs/job", "WAL B/job")
    axes = list(dict.fromkeys(setting.axis for setting in chosen))
    panels = tuple(_panel(axis, [setting for setting in chosen if setting.axis == axis], done) for axis in axes)
    data = [
        {**asdict(setting), "rounds": [{"fleet": asdict(a), "limit": asdict(b)} for a, b in done[setting]]}
        for setting in chosen
    ]
    return Section("drain", "Drain", TEXT, (Table(headings, rows),), panels, {"settings": data})


def ratios(pairs: Sequence[tuple[Round, Round]]) -> list[float]:
    """Of each pair: the fleet's rate to the limit's."""
    return [fleet.jobs_per_second / bare.jobs_per_second for fleet, bare in pairs]


def _row(setting: Setting, pairs: Sequence[tuple[Round, Round]]) -> tuple[str, ...]:
    fleets, limits = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return (
        f"{setting.axis} {setting.name}",
        f"{median(one.jobs_per_second for one in fleets):,.0f}",
        f"{median(one.jobs_per_second for one in limits):,.0f}",
        told(ratios(pairs)),
        f"{median(one.worker_cpu_us for one in fleets):.1f}",
        f"{median(one.server_cpu_us for one in fleets):.1f}",
        f"{median(one.wal_bytes for one in fleets):,.0f}",
    )


def _panel(axis: str, chosen: Sequence[Setting], done: dict[Setting, list[tuple[Round, Round]]]) -> Panel:
    series = {
        name: tuple(median(pair[side].jobs_per_second for pair in done[setting]) for setting in chosen)
        for side, name in enumerate(("pooljobs serve", "limit (pgbench)"))
    }
    return Panel(axis, "jobs/s", tuple(setting.name for setting in chosen), series)
