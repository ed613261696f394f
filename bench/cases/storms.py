"""Storms: how long harmless jobs wait while a few end their process, or workers or stewards are killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import psutil
import psycopg
from psycopg import Connection

from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table
from bench.serving import serving
from bench.stormy import app, bad, harmless

TEXT: Final = """\
Two hundred jobs a second that do nothing, one at a time, for four workers of one `serve`. In the storms one job in a
hundred ends its process, or a worker is killed each second, or the steward is. The waiting time of a harmless job is
from its enqueueing to the start of the run that completed it."""

RATE: Final = 200.0
PROCS: Final = 4
BAD_EACH: Final = 100
"""Of so many jobs one is bad."""

_FOUND: Final = """SELECT count(*) FILTER (WHERE status = 'completed'),
    percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - created_at) * 1000)
FROM pooljobs.history WHERE job_type = 'harmless'"""

Harm = Callable[[psutil.Process, Connection[Any]], None]


@dataclass(frozen=True)
class Weather:
    """One storm, or none: harmless jobs sent and done, their waits at percentiles 50, 99 and 100 in milliseconds."""

    name: str
    sent: int
    done: int
    waited_ms: tuple[float, ...]


def kill_worker(fleet: psutil.Process, connection: Connection[Any]) -> None:
    """One that has registered; the one that has been there for longest."""
    _kill([child for child in fleet.children() if child.pid in _workers(connection)])


def kill_steward(fleet: psutil.Process, connection: Connection[Any]) -> None:
    """The child that is no worker."""
    _kill([child for child in fleet.children() if child.pid not in _workers(connection)])


STORMS: Final[tuple[tuple[str, Harm | None, bool], ...]] = (
    ("none", None, False),
    ("1 % bad jobs", None, True),
    ("a worker killed each second", kill_worker, False),
    ("the steward killed each second", kill_steward, False),
)


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """One after the other, each with a fleet of its own."""
    found = []
    for n, (name, harm, with_bad) in enumerate(STORMS):
        with _fleet(dsn) as (fleet, connection):
            sent = _send(effort.steady_seconds, harm, fleet, connection, with_bad=with_bad)
            found.append(_read(connection, name, sent))
        progress((n + 1) / len(STORMS))
    return section(found)


@contextmanager
def _fleet(dsn: str) -> Iterator[tuple[psutil.Process, Connection[Any]]]:
    app.use_dsn(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection, app:
        connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
        with serving(dsn, "--procs", str(PROCS), app="bench.stormy:app") as fleet:
            harmless.enqueue()
            _wait(lambda: len(_workers(connection)) >= PROCS and not _left(connection))
            connection.execute("TRUNCATE pooljobs.history")
            yield fleet, connection


def _send(
    seconds: float, harm: Harm | None, fleet: psutil.Process, connection: Connection[Any], *, with_bad: bool
) -> int:
    """Enqueues at the rate; returns how many harmless ones there were."""
    began, sent, harms = time.monotonic(), 0, 0
    while (passed := time.monotonic() - began) < seconds:
        if harm is not None and passed >= harms:
            harm(fleet, connection)
            harms += 1
        for number in range(sent, int(passed * RATE)):
            if with_bad and number % BAD_EACH == 0:
                bad.enqueue()
            harmless.enqueue()
            sent += 1
        time.sleep(0.005)
    return sent


def _read(connection: Connection[Any], name: str, sent: int) -> Weather:
    left = "SELECT count(*) FROM pooljobs.live WHERE job_type = 'harmless'"
    _wait(lambda: connection.execute(left).fetchone() == (0,))
    row = connection.execute(_FOUND).fetchone()
    assert row is not None
    return Weather(name, sent, row[0], tuple(row[1] or ()))


def _workers(connection: Connection[Any]) -> set[int]:
    return {pid for (pid,) in connection.execute("SELECT pid FROM pooljobs.workers WHERE dead_at IS NULL").fetchall()}


def _left(connection: Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM pooljobs.live").fetchone()
    return int(row[0]) if row else 0


def _kill(children: list[psutil.Process]) -> None:
    for child in sorted(children, key=psutil.Process.create_time)[:1]:
        child.kill()


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError("the fleet did not get so far in two minutes")
        time.sleep(0.02)


def section(found: list[Weather]) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(
        (each.name, f"{each.done:,} of {each.sent:,}", *(f"{value:.1f} ms" for value in each.waited_ms))
        for each in found
    )
    headings = ("storm", "harmless jobs done", "waited p50", "waited p99", "waited longest")
    series = {mark: tuple(each.waited_ms[at] for each in found) for at, mark in enumerate(("p50", "p99", "longest"))}
    panel = Panel("waiting in storms", "ms", tuple(each.name for each in found), series, log=True)
    data = {"storms": [asdict(each) for each in found]}
    return Section("storms", "Storms", TEXT, (Table(headings, rows),), (panel,), data)
