"""What each role may do: each act is tried as each, and the table in SECURITY.md says how it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg import errors as pg

from pooljobs import DatabaseRefusedError, PoolJobs, ResultError
from pooljobs.db.schema.grants import granting
from pooljobs.db.schema.migrator import migrate
from pooljobs.db.schema.preflight import check
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import open_reader
from pooljobs.operations.schedule_orders import Schedules
from pooljobs.settings import ServeSettings
from tests.support.claims import SQL, claim, register, scalar, settle_all
from tests.support.later import only_until
from tests.support.roles import role_for

Conn = Connection[Any]

TEXT: Final = Path(__file__).parents[2] / "SECURITY.md"
ROLES: Final = {"USAGE alone": (), "enqueuer": ("enqueuer",), "worker": ("worker",), "viewer": ("viewer",)}


def by_python(dsn: str, _job: UUID) -> None:
    with closing(PoolJobs(dsn)) as app:
        app.enqueue("a", {})


def by_copy(dsn: str, _job: UUID) -> None:
    with closing(PoolJobs(dsn)) as app:

        @app.job
        def a() -> None: ...

        a.enqueue_many([{}, {}])


def works(dsn: str, _job: UUID) -> None:
    check(ServeSettings(dsn=dsn, app=""))
    with psycopg.connect(dsn, autocommit=True) as connection:
        worker = register(connection)
        (job,) = claim(connection, worker, limit=1) or []
        assert not settle_all(connection, job.settled(Verdict.RETRY, delay=0.0))
        (job,) = claim(connection, worker, limit=1) or []
        assert not settle_all(connection, job.settled(Verdict.COMPLETED))


def waits(dsn: str, job: UUID) -> None:
    with closing(PoolJobs(dsn)) as app, pytest.raises(ResultError):
        app.handle(job).result(timeout=0.01)


def lists(dsn: str, job: UUID) -> None:
    with open_reader(dsn, "pooljobs") as reader:
        assert reader.list_jobs()
        assert reader.count()
        assert reader.find(str(job))["payload"] == '{"secret": 1}'


def retries(dsn: str, _job: UUID) -> None:
    with open_reader(dsn, "pooljobs") as reader:
        reader.retry(UUID(int=1))


def lists_schedules(dsn: str, _job: UUID) -> None:
    with open_reader(dsn, "pooljobs") as reader:
        Schedules(reader.connection).list_all()


def sql(query: str) -> Callable[[str, UUID], None]:
    def act(dsn: str, job: UUID) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(query.replace(":job", f"'{job}'").encode())

    return act


ACTS: Final[dict[str, Callable[[str, UUID], None]]] = {
    "enqueue from Python (`enqueue`, `enqueue_with`)": by_python,
    "enqueue many (`enqueue_many`: COPY)": by_copy,
    "enqueue by SQL: `pooljobs.enqueue()`": sql("SELECT pooljobs.enqueue('a')"),
    "cancel a job whose id is known: `pooljobs.cancel()`": sql("SELECT pooljobs.cancel(:job)"),
    "store and remove schedules: `pooljobs.schedule()`, `pooljobs.unschedule()`": sql(
        "SELECT pooljobs.schedule('s', 'a', every => '1 h'), pooljobs.unschedule('s')"
    ),
    "see what became of a job whose id is known, and wait for it: `JobHandle.result`": waits,
    "see ids, queues and times of jobs that wait or run": sql("SELECT id, queue, run_at FROM pooljobs.live"),
    "see payloads and errors: the view `jobs`": sql("SELECT payload, last_error FROM pooljobs.jobs"),
    "`jobs list`, `jobs show`, `stats`": lists,
    "see which job types were declared": sql("SELECT * FROM pooljobs.job_types"),
    "see the schema's version": sql("SELECT * FROM pooljobs.migrations"),
    "run jobs: `serve`": works,
    "`jobs retry`": retries,
    "`schedules list`, `schedules show`": lists_schedules,
    "`schedules pause`, `resume`, `edit`, `run-now`": sql(
        "SELECT pooljobs.pause_schedule('s'), pooljobs.resume_schedule('s'), pooljobs.edit_schedule('s'),"
        " pooljobs.run_schedule('s')"
    ),
    "pause and resume: `queues pause`, `pooljobs.pause_queue()`": sql(
        "SELECT pooljobs.pause_queue('a'), pooljobs.resume_queue('a')"
    ),
    "see what is paused, by whom and why": sql("SELECT * FROM pooljobs.pauses"),
    "make the coming days' partitions": sql("SELECT pooljobs.ensure_partitions()"),
    "read the tables themselves: `live`, `history`": sql("SELECT * FROM pooljobs.live, pooljobs.history LIMIT 1"),
    "see which workers live, and what they serve": sql("SELECT queues, leased_until, dead_at FROM pooljobs.workers"),
    "see hosts and pids of workers, as of jobs that run": sql("SELECT host, pid FROM pooljobs.workers"),
    "read `workers` and `fleets` as a whole": sql("SELECT * FROM pooljobs.workers, pooljobs.fleets LIMIT 1"),
    "write a job as if it ran, or had run": sql(
        "INSERT INTO pooljobs.live (job_type, worker_id, token, attempts) VALUES ('a', 9, 9, 2)"
    ),
    "delete jobs": sql("DELETE FROM pooljobs.live WHERE false"),
    "change what is recorded of migrations": sql("UPDATE pooljobs.migrations SET version = 1 WHERE false"),
    "create or change anything in the schema": sql("CREATE FUNCTION pooljobs.f() RETURNS int LANGUAGE sql RETURN 1"),
    "run code as the owner by a trigger": sql(
        "CREATE TRIGGER t BEFORE INSERT ON pooljobs.live EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
}


def may(act: Callable[[str, UUID], None], dsn: str, job: UUID) -> bool:
    try:
        act(dsn, job)
    except (pg.InsufficientPrivilege, DatabaseRefusedError):
        return False
    return True


@pytest.fixture
def job(connection: Conn) -> UUID:
    job_id: UUID = scalar(connection, "SELECT pooljobs.enqueue('a', '{\"secret\": 1}')")
    connection.execute("SELECT pooljobs.enqueue('b') FROM generate_series(1, 9)")
    return job_id


def test_the_table_says_what_each_role_may_do(owner_dsn: str, job: UUID) -> None:
    with ExitStack() as stack:
        dsns = [stack.enter_context(role_for(owner_dsn, *purposes)) for purposes in ROLES.values()]
        lines = [f"| | {' | '.join(ROLES)} |", "|---" * (1 + len(ROLES)) + "|"]
        for act, attempt in ACTS.items():
            lines.append(f"| {act} | {' | '.join('yes' if may(attempt, one, job) else '—' for one in dsns)} |")
    assert "\n".join(lines) in TEXT.read_text("utf-8"), "\n" + "\n".join(lines)


def test_what_is_printed_is_what_is_run_and_may_be_repeated(owner_dsn: str, connection: Conn) -> None:
    with role_for(owner_dsn) as plain:
        name = psycopg.conninfo.conninfo_to_dict(plain)["user"]
        for _ in range(2):
            connection.execute(granting("pooljobs", str(name), "viewer").encode())
        assert may(sql("SELECT FROM pooljobs.jobs"), plain, UUID(int=0))


def test_who_could_run_workers_or_look_at_jobs_may_do_so_with_schedules_there(empty_dsn: str) -> None:
    """Else the stewards of a fleet whose role was granted before could not look for chores any more."""
    with only_until(110):
        migrate(empty_dsn)
    with (
        role_for(empty_dsn) as worker,
        role_for(empty_dsn) as viewer,
        psycopg.connect(empty_dsn, autocommit=True) as owner,
    ):
        names = [psycopg.conninfo.conninfo_to_dict(one)["user"] for one in (worker, viewer)]
        owner.execute(f"GRANT USAGE ON SCHEMA pooljobs TO {names[0]}, {names[1]}".encode())
        owner.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pooljobs TO {names[0]}".encode())
        owner.execute(f"GRANT SELECT ON pooljobs.jobs TO {names[1]}".encode())
        migrate(empty_dsn)
        with psycopg.connect(worker, autocommit=True) as steward:
            for verb in ("look_for_chores", "agree_on_schedules", "forget_declared_schedules"):
                steward.execute(SQL.load(verb))
        lists_schedules(viewer, UUID(int=0))


@pytest.fixture
def of_before(empty_dsn: str) -> str:
    """A database as the version before left it, whose functions were everybody's."""
    with only_until(102):
        migrate(empty_dsn)
    with psycopg.connect(empty_dsn, autocommit=True) as owner:
        for name in ("enqueue", "cancel", "ensure_partitions"):
            owner.execute(f"ALTER FUNCTION pooljobs.{name} SECURITY INVOKER".encode())
            owner.execute(f"GRANT EXECUTE ON FUNCTION pooljobs.{name} TO PUBLIC".encode())
    return empty_dsn


@pytest.mark.hazard(
    "Functions that run with their owner's rights are everybody's, as all new functions are",
    closed="taken from PUBLIC where they are made, and by a migration",
    area="database",
)
@pytest.mark.parametrize("granted_before", [False, True])
def test_a_database_of_before_loses_publics_rights_and_nobody_elses(of_before: str, granted_before: bool) -> None:
    with (
        role_for(of_before) as nobody,
        role_for(of_before) as inserter,
        role_for(of_before) as worker,
        role_for(of_before) as caller,
        psycopg.connect(of_before, autocommit=True) as owner,
    ):
        names = [psycopg.conninfo.conninfo_to_dict(one)["user"] for one in (inserter, worker, caller)]
        owner.execute(f"GRANT INSERT (job_type) ON pooljobs.live TO {names[0]}".encode())
        owner.execute(f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pooljobs TO {names[1]}".encode())
        if granted_before:
            owner.execute(f"GRANT EXECUTE ON FUNCTION pooljobs.enqueue TO {names[2]}".encode())
        migrate(of_before)
        enqueues, cancels = sql("SELECT pooljobs.enqueue('a')"), sql("SELECT pooljobs.cancel(:job)")
        for _ in range(2):
            assert [may(enqueues, one, UUID(int=0)) for one in (nobody, inserter, worker)] == [False, True, True]
            assert [may(cancels, one, UUID(int=0)) for one in (nobody, inserter, worker)] == [False, False, True]
            assert may(enqueues, caller, UUID(int=0)) is granted_before
            migrate(of_before)


def test_what_somebody_grants_to_everybody_stays(owner_dsn: str, connection: Conn) -> None:
    connection.execute("GRANT EXECUTE ON FUNCTION pooljobs.enqueue TO PUBLIC")
    migrate(owner_dsn)
    with role_for(owner_dsn) as nobody:
        assert may(sql("SELECT pooljobs.enqueue('a')"), nobody, UUID(int=0))


def test_a_worker_needs_nothing_of_its_owner_when_its_partitions_are_missing(owner_dsn: str, connection: Conn) -> None:
    connection.execute("SELECT pooljobs.enqueue('a')")
    today = scalar(connection, "SELECT 'history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')")
    connection.execute(f"DROP TABLE pooljobs.{today}".encode())
    with role_for(owner_dsn, "worker") as least:
        works(least, UUID(int=0))
    assert scalar(connection, "SELECT to_regclass(%s) IS NOT NULL", f"pooljobs.{today}")
