"""No statement walks a table or an index that its head does not name, whatever the statistics say.

Each plan is looked at three times over full tables: made when these were in the state that the statistics tell of and
kept since, made anew with the same statistics, and made after an ANALYZE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import resources
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.operations.answers import PLANNED
from pooljobs.operations.reader import open_reader
from tests.support.claims import SQL, register
from tests.support.hot_statements import Hot, hot_statements, judge
from tests.support.plans import Plan, Prepared
from tests.support.rare_statements import foreign_statements, rare_statements, reader_statements
from tests.support.statistics import ROWS, STATES, TABLES, emptied_unnoticed, fill

Conn = Connection[Any]

PLANLESS = {"pass_over", "copy_jobs", "copy_unique_jobs", "listen", "listen_ended"}
"""These cannot be prepared."""

NO_TABLE = {"count_dead_rows", "make_partitions", "explain_partitions", "list_expired_partitions", "read_clock"}
NO_TABLE |= {"terminate_backends", "wait_for_disk", "count_connections"}
"""These read no table of ours."""

WRITTEN = {"register_worker", "publish_job_types", "renew_fleet", "try_lead"}
"""These insert, and look rows up by the constraint that they name: there is nothing to plan."""

SMALL = {"mark_host_idle", "forget_idle_hosts", "mark_host_busy", "find_neighbours", "count_workers"}
"""These read one table as a whole, which has a row for each worker, or for each queue of each host that sleeps."""

CALLS = {"put_schedule", "drop_schedule", "edit_one_schedule", "pause_one_schedule", "resume_one_schedule"}
CALLS |= {"run_one_schedule", "insert_unique", "insert_unique_jobs", "take_unique_jobs"}
"""These call functions of ours, which look one row up by its name, or each key by the primary key of ``uniques``."""

SCHEDULES = {"agree_on_schedules", "forget_declared_schedules", "publish_schedules", "advance_schedule"}
SCHEDULES |= {"list_schedules"}
"""These read tables with a row for each schedule, or one of them by its name."""

ELSEWHERE = {"sweep_uniques", "find_key_holder", "delete_jobs"}
"""The sweep's plan is looked at in ``test_unique_sweep.py``, the holder of a job's key is found once a retry by an
operator, and the last is for tests of users: it deletes all.
"""

WALKING = {"count_jobs", "count_left", "list_jobs"}
"""These count all jobs, or go through the newest until they have found enough."""


def verbs() -> set[str]:
    """All statements but those that cannot be prepared."""
    files = resources.files("pooljobs").joinpath("sql", "statements").iterdir()
    return {file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql")} - PLANLESS


def keep(connection: Conn) -> dict[str, Prepared]:
    """Plans of all statements as they are made now, or the statements alone where plans are made for values."""
    kept = {}
    for verb in verbs():
        kept[verb] = Prepared(connection, SQL.load(verb), f"kept_{verb}")
        kept[verb].explain({}, execute=False)
    return kept


class Asker:
    """Who runs some of the statements, on a connection as he has it."""

    def __init__(self, told: str, connection: Conn, ask: Callable[[Conn], list[Hot]]) -> None:
        self.told, self._connection, self._ask = told, connection, ask
        self._kept: dict[str, Prepared] = {}

    def keep(self) -> None:
        """Plans all statements, now."""
        self._connection.execute("DEALLOCATE ALL")
        self._kept = keep(self._connection)

    def faults(self, when: str, *, dead: int) -> Iterator[str]:
        """What is wrong with the plans that were kept."""
        for hot in self._ask(self._connection):
            try:
                judge(hot, looked_at(hot, self._kept[hot.verb]), dead=dead)
            except AssertionError as fault:
                yield f"{self.told}, {when}: {fault}"


def looked_at(hot: Hot, kept: Prepared) -> Plan:
    """Its plan. Of a function the cheapest of three calls: those that plan its statements read the catalog besides,
    and others' DDL anywhere in the cluster can make any call do so; what it reads of our tables, each call reads.
    """
    plans = [kept.explain(hot.parameters) for _ in range(1 if hot.indexes else 3)]
    return min(plans, key=lambda plan: plan.blocks)


@contextmanager
def askers(dsn: str, worker: int, pinned: Conn) -> Iterator[list[Asker]]:
    """Workers and stewards, whose connections are pinned; applications, whose servers plan by themselves, now the one
    way and now the other; and an operator.
    """
    with ExitStack() as stack:
        found = [Asker("worker", pinned, lambda c: [*hot_statements(c, worker), *rare_statements(c, worker)])]
        for mode in ("force_generic_plan", "force_custom_plan"):
            theirs = stack.enter_context(psycopg.connect(dsn, autocommit=True))
            theirs.execute(f"SET plan_cache_mode = {mode}".encode())
            found.append(Asker(f"application, {mode}", theirs, foreign_statements))
        reader = stack.enter_context(open_reader(dsn, "pooljobs"))
        reader.connection.execute("; ".join(f"SET {setting}" for setting in PLANNED).encode())
        found.append(Asker("operator", reader.connection, reader_statements))
        yield found


@pytest.mark.hazard(
    "Statistics tell of an empty table, since a burst was drained before the last vacuum: statements walk "
    "whole indexes, and the next burst takes thirty times as long",
    closed="each statement is written such that there is one way to its rows (`docs/internals/plans.md`)",
    area="statements",
)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_plans_are_the_same_whatever_the_statistics_say(
    state: Callable[[Conn], None], connection: Conn, dsn: str
) -> None:
    for table in [name for name in TABLES if name != "history"]:  # nobody else is to come by
        connection.execute(f"ALTER TABLE pooljobs.{table} SET (autovacuum_enabled = off)".encode())
    dead = ROWS if state is emptied_unnoticed else 0
    with psycopg.connect(dsn, autocommit=True) as pinned:
        worker = register(pinned, job_timeout=3600.0)
        with askers(dsn, worker, pinned) as all_of_them:
            state(connection)
            for asker in all_of_them:
                asker.keep()
            fill(connection, worker)
            found = [fault for asker in all_of_them for fault in asker.faults("kept", dead=dead)]
            for asker in all_of_them:
                asker.keep()
                found += asker.faults("anew", dead=dead)
            connection.execute("ANALYZE")
            for asker in all_of_them:
                asker.keep()
                found += asker.faults("analysed", dead=dead)
    assert not found, "\n".join(found)


@pytest.mark.hazard("Statistics tell of an empty table")
def test_every_statement_is_looked_at(connection: Conn) -> None:
    worker = register(connection)
    fill(connection, worker)
    statements = [*hot_statements(connection, worker), *rare_statements(connection, worker)]
    statements += [*foreign_statements(connection), *reader_statements(connection)]
    looked_at = {hot.verb for hot in statements}
    assert looked_at | NO_TABLE | WRITTEN | SMALL | CALLS | SCHEDULES | ELSEWHERE | WALKING == verbs()
