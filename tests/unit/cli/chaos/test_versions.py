from __future__ import annotations

import pytest

from pooljobs_cli.chaos.application.releases import Release
from pooljobs_cli.chaos.versions import Version, Versions

OLD, NEW, BOTH = Version(Release.OLD), Version(Release.NEW), Version(Release.BOTH)
OLD_BESIDE, NEW_BESIDE = Version(Release.OLD, beside=True), Version(Release.NEW, beside=True)


def test_without_deployments_all_hosts_have_the_release_that_takes_all_jobs() -> None:
    assert [Versions(2, deploying=False).first(host) for host in range(2)] == [BOTH, BOTH]


def test_with_deployments_both_releases_are_there_from_the_beginning() -> None:
    assert [Versions(3, deploying=True).first(host) for host in range(3)] == [OLD, NEW, OLD]


def test_a_reload_changes_the_release_and_nothing_else() -> None:
    versions = Versions(2, deploying=True, beside=True)
    assert versions.reloaded(OLD) == NEW
    assert versions.reloaded(versions.reloaded(OLD_BESIDE)) == OLD_BESIDE


def test_a_restart_changes_the_release_and_where_there_are_two_the_pooljobs() -> None:
    assert Versions(2, deploying=True).restarted(OLD) == NEW
    versions = Versions(2, deploying=True, beside=True)
    assert versions.restarted(OLD) == NEW_BESIDE
    assert versions.restarted(NEW_BESIDE) == OLD


@pytest.mark.parametrize("hosts", [1, 2, 3, 4])
def test_the_other_pooljobs_runs_a_host_from_the_beginning_and_this_one_too_if_there_are_several(hosts: int) -> None:
    versions = Versions(hosts, deploying=False, beside=True)
    assert {versions.first(host).beside for host in range(hosts)} == ({True, False} if hosts > 1 else {True})


def test_another_pooljobs_that_would_fail_what_it_does_not_know_knows_all() -> None:
    versions = Versions(2, deploying=True, beside=True, confined=True)
    assert versions.release(NEW_BESIDE) is Release.BOTH
    assert versions.release(NEW) is Release.NEW
    assert Versions(2, deploying=True, beside=True).release(NEW_BESIDE) is Release.NEW


def test_in_the_end_there_is_a_host_that_takes_all_jobs_and_hosts_that_do_not() -> None:
    versions = Versions(3, deploying=True, beside=True)
    assert [versions.last(host, NEW) for host in range(3)] == [OLD, NEW, BOTH]
    assert versions.last(0, NEW_BESIDE) == OLD_BESIDE
    assert Versions(1, deploying=True).last(0, NEW) == BOTH
