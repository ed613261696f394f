"""Every rule finds what breaks it, and nothing in a history that is in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pooljobs_cli.chaos.chaos_schema import ChaosSchema, staged
from pooljobs_cli.chaos.check import RULES, STORM_RULES
from pooljobs_cli.staging.consent import not_asked

ALL = (*RULES, *STORM_RULES)

GOOD = """
    SET search_path = pooljobs_chaos;
    INSERT INTO history SELECT uuid_v7(), now(), now(), now(), now(), 1, 2, 3, 2, 0, 0, 0, 'completed', 'default',
        'exact', NULL, NULL, '{}' FROM generate_series(1, 3);
    INSERT INTO witness SELECT id FROM history;
    INSERT INTO told_committed SELECT id FROM history;
    INSERT INTO effects SELECT id FROM history;
    INSERT INTO runs SELECT id, f, f, f, 0, 1, now() - (3 - f) * interval '1 s', now() - (2.5 - f) * interval '1 s',
        CASE f WHEN 1 THEN 'raised' ELSE 'returned' END, false, false FROM history, generate_series(1, 2) AS f;
    UPDATE runs SET ended = now() WHERE fence = 2;
"""
AS_QUICK = "UPDATE history SET job_type = 'quick'; TRUNCATE effects;"
AGAIN = """
    INSERT INTO runs SELECT job_id, {fence}, {token}, 1, 0, 2, began - interval '1 h', ended - interval '1 h', 'raised',
        {in_doubt}, false FROM runs WHERE fence = 1;
"""
TICKING = """
    INSERT INTO schedules (name, job_type, every, catch_up, next_at)
    VALUES ('s', 'quick', 1, 'all', '2026-01-01 00:00:08Z');
"""
EVERY_OTHER = """
    UPDATE history AS h
    SET trace_id = 's@' || to_char(timestamp '2026-01-01' + n.place * interval '2 s', 'YYYY-MM-DD"T"HH24:MI:SS') || 'Z'
    FROM (SELECT id, row_number() OVER () AS place FROM history) AS n WHERE n.id = h.id
"""
LIVE = "INSERT INTO live (id, job_type) SELECT id, 'quick' FROM history;"
HELD = "UPDATE live SET worker_id = 1, token = 1;"

DAMAGE = {
    "lost": "TRUNCATE history",
    "commit_forgotten": "TRUNCATE witness",
    "rolled_back_but_there": "INSERT INTO told_withdrawn SELECT id FROM history",
    "not_ended": LIVE,
    "still_held": LIVE + HELD,
    "settled_twice": LIVE,
    "failed_without_reason": "UPDATE history SET status = 'failed', attempts = 3",
    "cancel_forgotten": "INSERT INTO told_cancelled SELECT id FROM history",
    "ran_while_paused": "INSERT INTO told_paused VALUES"
    " ('type', 'exact', now() - interval '4 s', now() + interval '1 s')",
    "failed_for_its_claimer": "UPDATE history SET status = 'failed'; UPDATE runs SET outcome = 'returned'",
    "charged_for_nothing": "UPDATE history SET attempts = 3",
    "claim_ran_twice": AGAIN.format(fence=1, token=1, in_doubt="false"),
    "fence_ran_twice": AGAIN.format(fence=1, token=9, in_doubt="false"),
    "rerun_without_cause": AGAIN.format(fence=0, token=9, in_doubt="false"),
    "ran_beside_itself": "UPDATE runs SET ended = now() WHERE fence = 1",
    "ran_after_its_end": "UPDATE runs SET fence = 3 WHERE fence = 2",
    "completed_by_another": AS_QUICK + "UPDATE runs SET ended = now() + interval '1 s' WHERE fence = 2",
    "effect_not_once": "INSERT INTO effects SELECT id FROM history",
    "tick_twice": TICKING + "UPDATE history SET trace_id = 's@2026-01-01T00:00:00Z'",
    "tick_missed": TICKING + EVERY_OTHER,
    "unique_twice": "UPDATE history SET unique_key = 'k'",
    "harmless_failed": AS_QUICK + "UPDATE history SET status = 'failed'",
    "harmless_waited": AS_QUICK + "UPDATE history SET created_at = started_at - interval '1.1 s'",
}

EXCUSED = {
    "ran_while_paused": "INSERT INTO told_paused VALUES"
    " ('queue', 'default', now() - interval '1.5 s', now() + interval '1 s'),"
    " ('queue', 'default', now() - interval '9 s', now() - interval '3 s'),"
    " ('type', 'default', now() - interval '9 s', now() + interval '1 s')",
    "harmless_failed": "UPDATE history SET status = 'failed'",
    "harmless_waited": AS_QUICK
    + """
        UPDATE history SET created_at = started_at - interval '1.1 s' WHERE id = (SELECT id FROM history LIMIT 1);
        INSERT INTO history SELECT uuid_v7(), now(), now(), now(), now(), 1, 2, 3, 2, 0, 0, 0, 'completed', 'default',
            'quick', NULL, NULL, '{}' FROM generate_series(1, 97);
    """,
    "fence_ran_twice": AGAIN.format(fence=1, token=9, in_doubt="true"),
    "rerun_without_cause": AGAIN.format(fence=0, token=9, in_doubt="true"),
    "ran_beside_itself": "UPDATE runs SET ended = now() WHERE fence = 1; UPDATE history SET losses = 1",
    "unique_twice": "UPDATE history SET unique_key = 'k', losses = 1",
    "failed_without_reason": "UPDATE history SET status = 'failed', attempts = 3, last_error = 'it said so'",
    "failed_for_its_claimer": "UPDATE history SET status = 'failed', crashes = 3; UPDATE runs SET outcome = NULL",
    "charged_for_nothing": "UPDATE history SET attempts = 3, crashes = 1",
}


@pytest.fixture
def stage(empty_dsn: str) -> Iterator[ChaosSchema]:
    with staged(empty_dsn, not_asked):
        stage = ChaosSchema(empty_dsn)
        with stage.connection:
            stage.connection.execute(GOOD)
            yield stage


def broken(stage: ChaosSchema) -> dict[str, int]:
    return {rule: len(found) for rule in ALL if (found := stage.offenders(rule, slack=0.25, grace=1.0, longest=1.0))}


def test_a_history_in_order_breaks_no_rule(stage: ChaosSchema) -> None:
    assert broken(stage) == {}


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_finds_what_breaks_it(stage: ChaosSchema, rule: str) -> None:
    stage.connection.execute(DAMAGE[rule].encode())
    assert broken(stage)[rule] == 3


@pytest.mark.parametrize("rule", EXCUSED)
def test_what_has_a_cause_breaks_no_rule(stage: ChaosSchema, rule: str) -> None:
    stage.connection.execute(EXCUSED[rule].encode())
    assert rule not in broken(stage)


def test_who_was_cancelled_must_have_been_asked_to_be(stage: ChaosSchema) -> None:
    stage.connection.execute("UPDATE pooljobs_chaos.history SET status = 'cancelled'")
    assert broken(stage)["failed_without_reason"] == 3
    stage.connection.execute("INSERT INTO pooljobs_chaos.asked_to_cancel SELECT id FROM pooljobs_chaos.history")
    assert "failed_without_reason" not in broken(stage)


def test_who_was_cancelled_before_it_began_must_not_have_run(stage: ChaosSchema) -> None:
    stage.connection.execute("UPDATE pooljobs_chaos.history SET status = 'cancelled'")
    stage.connection.execute("INSERT INTO pooljobs_chaos.told_cancelled SELECT id FROM pooljobs_chaos.history")
    assert broken(stage)["cancel_forgotten"] == 3
    stage.connection.execute("TRUNCATE pooljobs_chaos.runs")
    assert "cancel_forgotten" not in broken(stage)


def test_a_run_that_was_cut_short_and_counted_is_excused(stage: ChaosSchema) -> None:
    stage.connection.execute(DAMAGE["rerun_without_cause"].encode())
    stage.connection.execute("UPDATE pooljobs_chaos.history SET interruptions = 1")
    assert "rerun_without_cause" not in broken(stage)
