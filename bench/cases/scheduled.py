"""What a thousand schedules cost their host that are due once a minute each; and a hundred that are not due."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Final

import psutil
import psycopg
from psycopg import Connection

from bench import meters
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told
from bench.serving import serving

TEXT: Final = """\
A fleet that serves another queue, so that nothing runs: with no schedule, with a hundred of which none is due, and with
a thousand that are due once a minute each, spread over it. Processor time is of the steward and of the server, as a
share of one processor, and the ratio of both to the fleet without schedules before it."""

KINDS: Final = {"none": (0, "0 0 29 2 *"), "100, none due": (100, "0 0 29 2 *"), "1,000 a minute": (1000, "* * * * *")}
"""How many, and when."""

SETTLED: Final = 3.0
"""Seconds that a fleet has to come to rest."""

_PLANT: Final = """
INSERT INTO pooljobs.schedules (name, job_type, queue, cron, every, overlap, next_at)
SELECT 's' || n, 'noop', 'elsewhere', CASE WHEN %(cron)s <> '* * * * *' THEN %(cron)s END,
    CASE WHEN %(cron)s = '* * * * *' THEN 60 END, 'allow',
    CASE WHEN %(cron)s = '* * * * *' THEN now() + make_interval(secs => 60.0 * n / %(count)s) END
FROM generate_series(1, %(count)s) AS n
"""


@dataclass(frozen=True)
class Kept:
    """What one fleet used: shares of a processor, and ticks a second."""

    steward: float
    server: float
    ticks: float


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Every kind in turn, round by round."""
    done: dict[str, list[Kept]] = {kind: [] for kind in KINDS}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for n in range(effort.rounds):
            for at, (kind, (count, cron)) in enumerate(KINDS.items()):
                done[kind].append(kept(dsn, connection, count, cron, effort.idle_seconds))
                progress((n + (at + 1) / len(KINDS)) / effort.rounds)
    return section(done)


def kept(dsn: str, connection: Connection[Any], count: int, cron: str, seconds: float) -> Kept:
    """One fleet, for so long."""
    connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
    connection.execute("DELETE FROM pooljobs.schedules")
    with serving(dsn, "--queues", "default", "--procs", "1") as fleet:
        steward = steward_of(fleet)
        time.sleep(SETTLED)
        connection.execute(_PLANT, {"count": count, "cron": cron})
        time.sleep(SETTLED)
        before, began = (meters.cpu(steward), meters.server_cpu(connection), jobs(connection)), time.monotonic()
        time.sleep(seconds)
        after, passed = (meters.cpu(steward), meters.server_cpu(connection), jobs(connection)), time.monotonic() - began
        connection.execute("DELETE FROM pooljobs.schedules")  # what is measured next has none
    return Kept(*((late - early) / passed for early, late in zip(before, after, strict=True)))


def steward_of(fleet: psutil.Process) -> psutil.Process:
    """The child that says that it is the steward."""
    while True:
        for child in fleet.children():
            if ": steward" in " ".join(child.cmdline()):
                return child
        time.sleep(0.05)


def jobs(connection: Connection[Any]) -> int:
    """How many were enqueued."""
    row = connection.execute("SELECT count(*) FROM pooljobs.live").fetchone()
    assert row is not None
    return int(row[0])


def section(done: dict[str, list[Kept]]) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(
        (
            kind,
            f"{median(one.ticks for one in rounds):.1f}",
            f"{median(one.steward for one in rounds):.2%}",
            f"{median(one.server for one in rounds):.2%}",
            told([total(one) / total(bare) for one, bare in zip(rounds, done["none"], strict=True)]),
        )
        for kind, rounds in done.items()
    )
    headings = ("schedules", "ticks/s", "steward, of one processor", "server, of one processor", "ratio to none")
    series = {"steward and server": tuple(100 * median(map(total, rounds)) for rounds in done.values())}
    panel = Panel("schedules", "% of one processor", tuple(done), series)
    data = {kind: [asdict(one) for one in rounds] for kind, rounds in done.items()}
    return Section("scheduled", "Schedules", TEXT, (Table(headings, rows),), (panel,), data)


def total(one: Kept) -> float:
    """Of both; the meters count in hundredths of a second, and nothing may come to none of them."""
    return one.steward + one.server or 1e-4
