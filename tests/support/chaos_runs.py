"""Runs chaos in a test, once or until a sabotage shows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pooljobs_cli.chaos.chaos_report import ChaosReport
from pooljobs_cli.chaos.chaos_run import run_chaos
from pooljobs_cli.chaos.chaos_settings import ChaosSettings
from pooljobs_cli.staging.consent import not_asked

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 4


def carried_out(settings: ChaosSettings, monkeypatch: pytest.MonkeyPatch) -> ChaosReport:
    """One run, and what it came to."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    told: list[str] = []
    report = run_chaos(settings, not_asked, told.append, lambda _seconds, _events, _left: None)
    print("\n".join(told), report.as_json())
    if report.folder:  # a violation that was asked for
        shutil.rmtree(report.folder)
    return report


def rules_broken(settings: ChaosSettings, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The rules that a sabotaged build was seen to break, in the first of a few runs in which it was.

    Chaos has to strike while a job is in the one place where the sabotage matters: most runs show it, not every one.
    """
    for seed in range(settings.seed, settings.seed + ROUNDS):
        report = carried_out(replace(settings, seed=seed), monkeypatch)
        if report.violations:
            return {violation.rule for violation in report.violations}
    return set()
