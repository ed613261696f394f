"""A claim that meets jobs which are not for its worker: they are given back, and passed over from then on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.scoreboard import Role, SlotState
from pooljobs_worker.claims.claimer import Claimer
from pooljobs_worker.claims.lanes import Lanes
from pooljobs_worker.components import Components
from tests.support.claims import insert, scalar
from tests.support.hearing import listening, sleepers, steward_connection
from tests.support.worker_parts import others_jobs, worker_parts

UNTOUCHED = (
    "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NULL AND token IS NULL AND started_at IS NULL"
    " AND attempts = 0 AND crashes = 0 AND interruptions IS NULL AND run_at = created_at"
    " AND last_error IS NULL AND job_type <> 'noop'"
)


@contextmanager
def claiming(dsn: str, *known: str) -> Iterator[tuple[Components, Claimer]]:
    """A worker that knows these types."""
    with worker_parts(dsn, entries=1000) as components:
        child = components.child
        others = others_jobs(child.board, child.slot, *known)
        yield (
            components,
            Claimer(
                components.session,
                components.statements,
                lanes=Lanes({"default": 1}),
                others_jobs=others,
                slot=child.slot,
            ),
        )


def fences(connection: Connection[Any], job_type: str) -> int:
    return int(scalar(connection, "SELECT max(fence) FROM pooljobs.live WHERE job_type = %s", job_type))


def test_a_claim_goes_on_until_it_has_found_what_it_knows(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 30, job_type="foreign")
    insert(connection, 5)
    with claiming(dsn, "noop", "other") as (components, claimer):
        assert {job.job_type for job in claimer.claim(10)} == {"noop"}
        assert claimer.claim(10) == []
        assert components.child.slot.foreign_types == 1
        assert (components.child.slot.claimed, components.child.slot.released) == (0, 0)
        assert components.child.slot.held() == []
    assert scalar(connection, UNTOUCHED) == 30
    assert fences(connection, "foreign") == 1, "claimed again and again"


def test_of_a_mixed_batch_the_known_ones_are_kept(dsn: str, connection: Connection[Any]) -> None:
    for number in range(10):
        insert(connection, job_type="foreign" if number % 2 else "noop")
    with claiming(dsn, "noop") as (_, claimer):
        assert [job.job_type for job in claimer.claim(10)] == ["noop"] * 5
        assert scalar(connection, UNTOUCHED) == 5
        assert claimer.claim(10) == []


@pytest.mark.hazard("Workers that do not know a job hand it round for ever, or wake one another for it")
def test_names_that_are_never_the_same_cost_a_few_claims(dsn: str, connection: Connection[Any]) -> None:
    connection.execute("INSERT INTO pooljobs.live (job_type) SELECT 'type-' || n FROM generate_series(1, 2000) AS n")
    insert(connection, 1, job_type="x" * 1_000_000)
    insert(connection, 3)
    with claiming(dsn, "noop", "a", "b", "c", "d") as (_, claimer):
        assert [job.job_type for job in claimer.claim(10)] == ["noop"] * 3
        assert claimer.claim(500) == []
    assert scalar(connection, "SELECT sum(fence) FROM pooljobs.live WHERE job_type <> 'noop'") <= 10 * 2


@pytest.mark.hazard(
    "An older pooljobs runs a job whose flags it does not understand",
    closed="it gives it back and passes it over (`shared/pooljobs/job/flags.py`)",
    area="versions",
)
def test_what_has_flags_of_another_version_is_passed_over_even_where_unknown_types_fail(
    dsn: str, connection: Connection[Any]
) -> None:
    insert(connection, 3, flags=4)
    insert(connection, 2)
    insert(connection, 2, flags=0)
    with claiming(dsn) as (components, claimer):
        assert [job.flags for job in claimer.claim(10)] == [None, None, 0, 0]
        assert claimer.claim(10) == []
        assert (components.child.slot.foreign_types, components.child.slot.unknown_flags) == (0, -1)
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE flags = 4 AND worker_id IS NULL") == 3


@pytest.mark.hazard("A worker fails jobs that others know")
@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ({"suspect": True, "crashes": 1}, "suspect AND crashes = 1"),
        ({"losses": 2}, "losses = 2 AND start_recorded IS NULL"),
        ({"attempts": 2, "last_error": "boom"}, "attempts = 2 AND last_error = 'boom'"),
        ({"interruptions": 1}, "interruptions = 1"),
        ({"refused_since": "2020-01-01"}, "refused_since = '2020-01-01'"),
        ({"run_at": "2020-01-01"}, "run_at = '2020-01-01'"),
    ],
)
def test_what_happened_to_it_before_stays(
    dsn: str, connection: Connection[Any], columns: dict[str, Any], kept: str
) -> None:
    insert(connection, job_type="foreign", **columns)
    with claiming(dsn, "noop") as (_, claimer):
        assert claimer.claim(10) == []
    assert (
        scalar(connection, f"SELECT count(*) FROM pooljobs.live WHERE fence = 1 AND worker_id IS NULL AND {kept}") == 1
    )


@pytest.mark.hazard(
    "Giving a job back fails half-way, and its worker neither runs nor releases it",
    closed="all that the claim took is released by its token, as after a lost reply "
    "(`worker/pooljobs_worker/claims/claimer.py`)",
    area="versions",
)
def test_if_it_cannot_be_given_back_all_of_its_claim_is(dsn: str, connection: Connection[Any]) -> None:
    """The settlement fails with the connection; what the claim took is released by its token, and claimed anew."""
    insert(connection, 2)
    insert(connection, 2, job_type="foreign")
    connection.execute(
        "CREATE SEQUENCE public.times; GRANT USAGE ON SEQUENCE public.times TO PUBLIC;"
        "CREATE FUNCTION public.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('public.times') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
        " RETURN NEW; END $$;"
        "CREATE TRIGGER cut BEFORE UPDATE ON pooljobs.live FOR EACH ROW"
        " WHEN (NEW.worker_id IS NULL AND OLD.job_type = 'foreign') EXECUTE FUNCTION public.cut()"
    )
    with claiming(dsn, "noop") as (components, claimer):
        assert [(job.job_type, job.fence) for job in claimer.claim(10)] == [("noop", 2), ("noop", 2)]
        assert components.child.slot.held() == []
    assert scalar(connection, UNTOUCHED) == 2


def test_workers_of_this_host_with_other_code_hear_of_it(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, job_type="foreign")
    with claiming(dsn, "noop") as (components, claimer):
        other = components.child.board.slot(0)
        other.role, other.state, other.code = Role.WORKER, SlotState.READY, 99
        claimer.claim(10)
        assert other.drain_wakes()
        insert(connection, job_type="strange")
        other.code = components.child.slot.code
        claimer.claim(10)
        assert not other.drain_wakes(), "one that knows no more than this one"


def test_hosts_that_idle_hear_of_it(dsn: str, connection: Connection[Any]) -> None:
    with (
        claiming(dsn, "noop") as (_, claimer),
        listening(dsn) as ear,
        steward_connection(dsn) as steward,
    ):
        insert(connection, job_type="foreign")
        sleepers(fleet=99).fall_asleep(steward)
        assert ear.heard() == []
        claimer.claim(10)
        assert ear.heard() == ["default"]
