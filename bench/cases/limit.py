"""What the server can do: the same statements with nothing around them, by pgbench and in a bare loop in Python."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from bench.cases.drain import Setting, backlog
from bench.drains import Bench, Round
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
`claim.sql` and `settle.sql` in a loop on two connections, committed as a worker commits them, with no handler.
*pgbench* has no Python (`bench/pgbench.py`): the limit that the other sections refer to. The *bare loop* is Python
with psycopg and orjson (`bench/limit.py`): what is left to gain for a worker in Python."""


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Both yardsticks in turn, for each batch."""
    done: dict[int, list[tuple[Round, Round]]] = {batch: [] for batch in effort.batches}
    for n in range(effort.rounds):
        for at, batch in enumerate(effort.batches):
            jobs = backlog(Setting("batch", str(batch), batch=batch), effort.jobs)
            bench = Bench(dsn, jobs, 2, batch, 100)
            with bench.connection:
                done[batch].append((bench.of_pgbench(), bench.of_bare_loop()))
            progress((n + (at + 1) / len(effort.batches)) / effort.rounds)
    return section(done)


def section(done: dict[int, list[tuple[Round, Round]]]) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(_row(batch, pairs) for batch, pairs in done.items())
    series = {
        name: tuple(median(pair[side].jobs_per_second for pair in pairs) for pairs in done.values())
        for side, name in enumerate(("pgbench", "bare loop in Python"))
    }
    headings = ("batch", "pgbench jobs/s", "bare loop jobs/s", "ratio, pair by pair", "server CPU µs/job", "idle")
    data = {
        str(batch): [{"pgbench": asdict(a), "bare_loop": asdict(b)} for a, b in pairs] for batch, pairs in done.items()
    }
    panel = Panel("limit by batch", "jobs/s", tuple(map(str, done)), series)
    return Section("limit", "Limit", TEXT, (Table(headings, rows),), (panel,), {"batches": data})


def _row(batch: int, pairs: list[tuple[Round, Round]]) -> tuple[str, ...]:
    return (
        str(batch),
        f"{median(limit.jobs_per_second for limit, _ in pairs):,.0f}",
        f"{median(bare.jobs_per_second for _, bare in pairs):,.0f}",
        told([bare.jobs_per_second / limit.jobs_per_second for limit, bare in pairs]),
        f"{median(limit.server_cpu_us for limit, _ in pairs):.1f}",
        f"{median(limit.idle_share for limit, _ in pairs):.0%}",
    )
