"""Chaos with deployments: of the application, and with another pooljobs beside this one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pooljobs.db.schema.migrator import migrate
from pooljobs.errors import NotMigratedError, OptionError
from pooljobs.exit_codes import ExitCode
from pooljobs_cli.chaos import chaos_run
from pooljobs_cli.chaos.application.handlers import SCHEMA
from pooljobs_cli.chaos.beside import Beside, agree_on_schema, find
from pooljobs_cli.chaos.chaos_report import ChaosReport
from pooljobs_cli.chaos.chaos_settings import ChaosSettings
from pooljobs_cli.chaos.job_mixture import JobMixture
from pooljobs_cli.chaos.schedule import DEPLOYMENTS, Kind, Tempo
from tests.support.chaos_runs import carried_out, rules_broken
from tests.support.command import pooljobs
from tests.support.first_version import first_version
from tests.support.later import with_migrations

RELEASED = {"field_more", "field_less", "only_old", "only_new", "old_name", "new_name"}
HALF_RELEASED = JobMixture(0.0, 0.02, hopeless=0.0, deadly=0.0, exact=0.02, released=0.5)


def completed(dsn: str) -> set[str]:
    """The types of the jobs that were completed."""
    with psycopg.connect(dsn) as connection:
        query = f"SELECT DISTINCT job_type FROM {SCHEMA}.history WHERE status = 'completed'"
        return {name for (name,) in connection.execute(query.encode())}


@pytest.mark.long
def test_while_releases_are_deployed_no_job_fails_for_who_claims_it(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ChaosSettings(
        7, 10.0, procs=2, dsn=dsn, only=tuple(DEPLOYMENTS), jobs=HALF_RELEASED, tempo=Tempo(pause=(1.0, 2.0))
    )
    found: set[str] = set()
    judge = chaos_run._judge

    def look_and_judge(*arguments: Any) -> ChaosReport:  # afterwards the schema is gone
        found.update(completed(dsn))
        return judge(*arguments)

    monkeypatch.setattr(chaos_run, "_judge", look_and_judge)
    report = carried_out(settings, monkeypatch)
    assert report.violations == []
    assert sum(report.done.values()) >= 2, report.done
    assert found >= RELEASED


def test_a_worker_that_fails_what_it_does_not_know_is_found(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, "-m", "tests.support.sabotage_claimer")
    settings = ChaosSettings(
        7, 4.0, procs=1, dsn=dsn, command=command, only=(Kind.DEPLOY_BY_RELOAD,), jobs=HALF_RELEASED
    )
    assert "failed_for_its_claimer" in rules_broken(settings, monkeypatch)


@pytest.mark.hazard("A database that one host has migrated is none")
@pytest.mark.long
def test_two_versions_of_pooljobs_run_jobs_side_by_side(tmp_path: Path) -> None:
    harms = "deploy-by-restart,deploy-by-reload,kill-worker,stop-worker,kill-steward,terminate-backends"
    options = ("--duration", "10", "--only", harms, "--beside", str(first_version().command))
    ended = pooljobs("chaos", "--seed", "7", *options, "--verbose", "--json", cwd=tmp_path)
    assert ended.code == ExitCode.OK, ended.out + ended.err
    told = ended.json
    assert told["violations"] == []
    assert told["done"]["deploy_by_restart"] > 0
    assert 10 < told["beside"] < told["runs"] - 10


def test_another_pooljobs_that_is_too_old_for_the_schema_is_refused(empty_dsn: str) -> None:
    beside = find(str(first_version().command))
    with with_migrations(m0900_later="-- oldest code: 900\nSELECT 1"):
        migrate(empty_dsn, SCHEMA)
    with pytest.raises(
        OptionError, match=r"--beside: .* migrate ended with exit code 6.*works with pooljobs of version"
    ):
        agree_on_schema(beside, empty_dsn)


def test_where_the_other_pooljobs_has_migrated_further_than_this_one_works_with_it_says_so(empty_dsn: str) -> None:
    with with_migrations(m0900_later="-- oldest code: 900\nSELECT 1"):
        migrate(empty_dsn, SCHEMA)
    with pytest.raises(NotMigratedError, match="this one is"):
        agree_on_schema(Beside("true", waits=True), empty_dsn)
