"""One side of a comparison of ``bench/growth.py``: a database of its own, made large once, drained again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import psutil
import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from bench.filling import Advance, Jobs, add_history, add_jobs
from bench.places import MARK
from bench.serving import serving
from pooljobs.db.schema.migrator import migrate
from pooljobs.errors import OptionError

WARM_UP = 0.5
"""Of a round's jobs, how many are run before it begins: workers do not start at the same moment."""

BACKLOGS = (2, 8, 32)
"""How many times the jobs of a round are there when it begins: more, if they were gone before it could be measured."""

REST = 3.0
"""Seconds from when a fleet says that it idles until it has come to rest."""

_ENDED = "SELECT count(*) FROM (SELECT FROM pooljobs.history WHERE finished_at > %(since)s LIMIT %(most)s) AS ended"
_DUE = """SELECT count(*) FROM (
    SELECT FROM pooljobs.live WHERE run_at BETWEEN now() - interval '1000 days' AND now() LIMIT %(most)s
) AS due"""
_ANY_DUE = """SELECT EXISTS (
    SELECT FROM pooljobs.live
    WHERE queue = 'q0' AND priority = 0 AND run_at BETWEEN now() - interval '1000 days' AND now()
)"""
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
_IDLES = "SELECT EXISTS (SELECT FROM pooljobs.idle_hosts WHERE idle_until > now())"
_NEIGHBOUR = """INSERT INTO pooljobs.job_types
    (job_type, queue, max_retries, retry_policy, retry_delay_secs, declared_until)
VALUES ('foreign', 'q0', 1, 'none', 0, now() + interval '1 day')"""
_RATE = """SELECT count(*) / nullif(extract(epoch FROM max(d.finished_at) - min(d.finished_at))::float8, 0) FROM (
    SELECT finished_at FROM pooljobs.history WHERE finished_at > %(since)s ORDER BY 1 LIMIT %(most)s
) AS d"""
_BACKENDS = """SELECT coalesce(array_agg(pid), '{}') FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'pooljobs%%'"""
_STEWARD_IS_BUSY = """SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'pooljobs steward%%' AND state = 'active'
        AND query_start < clock_timestamp() - interval '0.1 s'
)"""


@dataclass(frozen=True)
class Load:
    """What a database holds besides the jobs of a round."""

    pending: int = 0
    future: int = 0
    """Jobs due tomorrow, at the highest priority."""
    history: int = 0
    foreign: int = 0
    """Jobs at the head of the queues, of a type that the fleet does not know; due long since."""
    queues: int = 1
    snapshot_minutes: float | None = None
    """For how long a transaction has been open when the rounds begin, with full work all the while; None: none is."""


@dataclass(frozen=True)
class Round:
    """One drain."""

    jobs_per_second: float
    cpu_us: float
    """Processor time a job, of the fleet and of its connections' backends."""


@dataclass(frozen=True)
class Idling:
    """A fleet with nothing to do."""

    cpu: float
    """Of one processor, what the fleet and its connections' backends use."""
    statements: float
    """A second, as far as the server has counted them."""


class Grown:
    """The database. Entering it makes it; leaving it drops it."""

    def __init__(self, dsn: str, name: str, load: Load, procs: int, batch: int) -> None:
        self._server, self._name, self._load = dsn, name, load
        pinned = ("--batch-size", str(batch), "--no-adaptive")
        self._sizes = ("--procs", str(procs), *pinned, "--poll-interval", "0.1")
        self._dsn = make_conninfo(dsn, dbname=name)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._drop()
        self._administer("CREATE DATABASE {}")
        self._administer(f"COMMENT ON DATABASE {{}} IS '{MARK}'")
        self._stack.callback(self._drop)
        migrate(self._dsn)
        self._connection: Connection[Any] = self._stack.enter_context(psycopg.connect(self._dsn, autocommit=True))
        self._connection.execute("SET enable_seqscan = off")  # its own counts are to find what is new by an index
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def fill(self, advance: Advance) -> None:
        """Makes it large; the snapshot, if there is to be one, is taken at the end."""
        load = self._load
        add_history(self._connection, load.history, advance)
        add_jobs(self._connection, Jobs(load.future, load.queues, priority=-4, delay=timedelta(days=1)), advance)
        long_since = Jobs(load.foreign, load.queues, delay=timedelta(days=-2000), job_type="foreign")
        add_jobs(self._connection, long_since, advance)
        if load.foreign:  # somebody else's, who is there: nothing that a steward would fail
            self._connection.execute(_NEIGHBOUR)
        add_jobs(self._connection, Jobs(load.pending, load.queues), advance)
        self._connection.execute("VACUUM (FREEZE, ANALYZE) pooljobs.live, pooljobs.history")
        if load.snapshot_minutes is not None:
            holder = self._stack.enter_context(psycopg.connect(self._dsn))
            holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            holder.execute("SELECT count(*) FROM pooljobs.workers")

    def age(self, jobs: int, advance: Advance) -> None:
        """Works at full speed for as long as the snapshot is to get old; ``advance`` is told the seconds."""
        began = time.monotonic()
        while (left := (self._load.snapshot_minutes or 0.0) * 60 - (time.monotonic() - began)) > 0:
            before = time.monotonic()
            self.drain(jobs)
            advance(int(min(left, time.monotonic() - before)))

    def drain(self, jobs: int) -> Round:
        """Adds as many jobs and those of the warm-up, warms up, and measures until as many have ended.

        Raises:
            RuntimeError: The fleet empties the queue before it runs evenly, however much is in it.
        """
        for factor in BACKLOGS:
            if (measured := self._try_to_drain(jobs, factor)) is not None:
                return measured
        raise RuntimeError(f"the queue was empty before the fleet ran evenly: more than {jobs:,} jobs are needed")

    def idle(self, seconds: float) -> Idling:
        """Runs a fleet that has nothing to do, and measures for so long, once it has come to rest."""
        self._connection.execute("DELETE FROM pooljobs.live WHERE job_type = 'noop'")
        self._connection.execute("DELETE FROM pooljobs.idle_hosts")
        with self._serving("--poll-interval", "5") as fleet:
            while not self._scalar(_IDLES):
                time.sleep(0.1)
            time.sleep(REST)
            cpu, statements, began = self._cpu(fleet), self._scalar(_COMMITS), time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - began
            return Idling((self._cpu(fleet) - cpu) / took, (self._scalar(_COMMITS) - statements) / took)

    def _try_to_drain(self, jobs: int, factor: int) -> Round | None:
        skip = int(jobs * WARM_UP)
        self._top_up(factor * (skip + jobs))
        self._connection.execute("CHECKPOINT")
        since = self._scalar("SELECT clock_timestamp()")
        with self._serving() as fleet:
            self._until(since, skip)
            self._until_it_runs_evenly()
            since, cpu = self._scalar("SELECT clock_timestamp()"), self._cpu(fleet)
            if not self._until(since, jobs):
                return None
            cpu = (self._cpu(fleet) - cpu) / self._ended(since, factor * jobs)
        return Round(self._scalar(_RATE, since=since, most=jobs), cpu * 1e6)

    def _top_up(self, jobs: int) -> None:
        """As many due as the load says, and those of a round: more than it takes, since a fleet stops when told to."""
        wanted = self._load.pending + jobs
        missing = wanted - self._scalar(_DUE, most=wanted) if self._load.pending < jobs else jobs
        add_jobs(self._connection, Jobs(missing, self._load.queues), lambda _: None)

    @contextmanager
    def _serving(self, *options: str) -> Iterator[psutil.Process]:
        names = ",".join(f"q{n}" for n in range(self._load.queues))
        with serving(self._dsn, "--queues", names, *self._sizes, *options) as fleet:
            yield fleet

    def _until(self, since: object, jobs: int) -> bool:
        """Waits until as many have ended; False if no more are there to end."""
        while self._ended(since, jobs) < jobs:
            if not self._scalar(_ANY_DUE):
                return False
            time.sleep(0.05)
        return True

    def _until_it_runs_evenly(self) -> None:
        """A steward begins with a look for jobs of dead workers, through the whole table: a matter of seconds, once."""
        while self._scalar(_STEWARD_IS_BUSY):
            time.sleep(0.1)

    def _ended(self, since: object, most: int) -> int:
        return int(self._scalar(_ENDED, since=since, most=most))

    def _cpu(self, fleet: psutil.Process) -> float:
        of_server = [psutil.Process(pid) for pid in self._scalar(_BACKENDS)]
        return sum(_seconds(process) for process in [*of_server, *fleet.children(recursive=True)])

    def _scalar(self, query: str, **parameters: object) -> Any:
        row = self._connection.execute(query.encode(), parameters).fetchone()
        assert row is not None
        return row[0]

    def _drop(self) -> None:
        """Drops what bears the mark; raises OptionError where somebody else made it."""
        with psycopg.connect(self._server, autocommit=True) as connection:
            query = "SELECT shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database WHERE datname = %s"
            row = connection.execute(query, (self._name,)).fetchone()
        if row is not None and row[0] != MARK:
            raise OptionError(f"there is a database {self._name}, and no benchmark made it", hint="rename it")
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self._name)))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
