"""``pooljobs chaos``: a short run holds, and the check finds what a broken fence and a missing lock do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pooljobs.db.schema.migrations import functions
from pooljobs.exit_codes import ExitCode
from pooljobs.process.liveness import lives
from pooljobs_cli.chaos import hosts
from pooljobs_cli.chaos.chaos_settings import ChaosSettings
from pooljobs_cli.chaos.job_mixture import ONLY_SLOW
from pooljobs_cli.chaos.schedule import Kind, Tempo
from pooljobs_cli.chaos.storms import STORMS
from tests.support.chaos_runs import carried_out, rules_broken
from tests.support.command import FOR_SERVE, pooljobs
from tests.support.later import with_function
from tests.support.waiting import wait_until


def test_a_short_run_on_a_server_of_its_own_holds(tmp_path: Path) -> None:
    ended = pooljobs("chaos", "--seed", "7", "--duration", "8", "--verbose", "--json", cwd=tmp_path, env=FOR_SERVE)
    assert ended.code == ExitCode.OK, ended.out + ended.err
    told = ended.json
    assert told["seed"] == 7
    assert told["violations"] == []
    assert told["completed"] + told["failed"] - told["ticks"] == told["committed"] > 10
    assert told["ticks"] > 6 * 3
    assert told["runs"] >= told["completed"]
    assert told["rolled_back"] > 0
    assert sum(told["done"].values()) >= 2, told["done"]
    assert told["folder"] is None


@pytest.mark.hazard(
    "Jobs that end their process take all workers down, again and again, while others wait",
    closed="deaths of READY children make no place wait (`supervisor/pooljobs_supervisor/fleet/backoff.py`); what "
    "crashed runs one at a time (`worker/pooljobs_worker/execution/suspect_turn.py`)",
    area="blame",
)
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.long] * (n != "bad-jobs")) for n in STORMS])
def test_in_a_storm_harmless_jobs_are_done_and_do_not_wait(
    name: str, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storm = ChaosSettings(7, 10.0, procs=4, hosts=1, dsn=dsn, concurrency=1, storm=STORMS[name], longest_wait=4.0)
    report = carried_out(storm, monkeypatch)
    assert report.violations == []
    assert report.counts["completed"] > 1000
    assert report.counts["crashes"] + sum(report.done.values()) >= 5


@pytest.mark.long
def test_where_each_death_counts_as_a_failed_start_storms_stop_the_fleet(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (sys.executable, "-m", "tests.support.sabotage_storm")
    storm = ChaosSettings(
        7, 6.0, procs=1, hosts=1, rate=100.0, dsn=dsn, command=command, storm=STORMS["bad-jobs"], longest_wait=2.0
    )
    assert "harmless_waited" in {violation.rule for violation in carried_out(storm, monkeypatch).violations}


def test_a_lock_that_is_missing_is_found(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, "-m", "tests.support.sabotage")
    settings = ChaosSettings(7, 5.0, procs=4, rate=2000.0, dsn=dsn, command=command, only=(Kind.TERMINATE_BACKENDS,))
    assert "rerun_without_cause" in rules_broken(settings, monkeypatch)


@pytest.mark.long
def test_pauses_that_nobody_heeds_are_found(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, "-m", "tests.support.sabotage_pauses")
    settings = ChaosSettings(7, 14.0, procs=2, hosts=1, dsn=dsn, command=command, only=(Kind.KILL_WORKER,))
    assert rules_broken(settings, monkeypatch) == {"ran_while_paused"}
    report = carried_out(ChaosSettings(7, 14.0, procs=2, hosts=1, dsn=dsn, only=(Kind.KILL_STEWARD,)), monkeypatch)
    assert report.violations == []


@pytest.mark.long
def test_a_key_that_is_taken_though_its_job_is_there_is_found(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = functions()["take_unique"]
    sabotaged = text.replace("(held.alive AND NOT take_unique.until_start)", "false")
    assert sabotaged != text
    with with_function("take_unique", sabotaged):
        settings = ChaosSettings(7, 5.0, procs=4, rate=200.0, dsn=dsn, only=(Kind.KILL_WORKER,))
        assert rules_broken(settings, monkeypatch) == {"unique_twice"}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what belongs to a run")
def test_a_process_that_is_left_behind_is_found_and_ended(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_LAST_WAIT", 5.0)
    command = (sys.executable, "-m", "tests.support.sabotage_end")
    settings = ChaosSettings(7, 2.0, procs=1, hosts=1, dsn=dsn, command=command, only=(Kind.KILL_WORKER,))
    (violation,) = carried_out(settings, monkeypatch).violations
    assert (violation.rule, violation.jobs) == ("left_behind", 1)
    (left,) = violation.examples
    assert "sleep 3600" in left
    pid = int(left.partition(":")[0].split()[1])
    wait_until(lambda: not lives(pid), what="it to be gone")


@pytest.mark.long
def test_a_fence_that_is_missing_is_found(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, "-m", "tests.support.sabotage_fence")
    settings = ChaosSettings(
        seed=7,
        duration=20.0,
        procs=2,
        concurrency=1,
        rate=1.4,  # nearly all that four workers can do: somebody is free soon, and whoever is stopped runs a job
        dsn=dsn,
        command=command,
        only=(Kind.STOP_WORKER,),
        jobs=ONLY_SLOW,
        tempo=Tempo(pause=(1.8, 2.2), stop=(1.15, 1.4)),  # until the job runs elsewhere, and not until it has ended
    )
    expected = {"completed_by_another", "ran_after_its_end", "ran_beside_itself", "rerun_without_cause"}
    assert rules_broken(settings, monkeypatch) & expected


@pytest.mark.parametrize(
    ("how", "kind"),
    [("twice", Kind.KILL_WORKER), pytest.param("missed", Kind.STOP_HOST, marks=pytest.mark.long)],
)
def test_a_tick_that_is_doubled_or_lost_is_found(
    how: str, kind: Kind, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hosts' stewards look at the same moment; both are stopped for longer than a tick."""
    monkeypatch.setenv("SABOTAGE", how)
    command = (sys.executable, "-m", "tests.support.sabotage_ticks")
    settings = ChaosSettings(
        7, 8.0, procs=1, rate=20.0, dsn=dsn, command=command, only=(kind,), hosts=2 if how == "twice" else 1
    )
    assert f"tick_{how}" in rules_broken(settings, monkeypatch)
