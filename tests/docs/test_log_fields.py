"""The names in a JSON line, which others build on: docs/running.md says the same as the code."""

from __future__ import annotations

import re
from uuid import UUID

from pooljobs.job.retry import RetryPolicy, next_delay
from pooljobs.logs.job_log import FIELDS, JobEvent
from pooljobs.logs.json_lines import EVERY_LINE
from pooljobs.settings import JOB_LOGS
from tests.docs.blocks import ROOT

RUNNING = (ROOT / "docs/running.md").read_text()
HANDLERS = (ROOT / "docs/handlers.md").read_text()


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, or behind a line."""
    lines = text.partition(heading)[2].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table[2:]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_each_field_has_a_row_and_each_row_is_a_field() -> None:
    table = rows(RUNNING, "\n## The log\n")
    assert names(table[0][0]) == list(EVERY_LINE)
    assert sorted(name for row in table[1:] for name in names(row[0])) == sorted(FIELDS)


def test_each_event_is_told_and_no_other() -> None:
    (told,) = [row[2] for row in rows(RUNNING, "\n## The log\n") if row[0] == "`event`"]
    assert sorted(names(told)) == sorted(JobEvent)


def test_each_choice_of_log_jobs_is_told() -> None:
    (told,) = [row for row in rows(RUNNING, "## Settings of `serve`") if row[0].startswith("`--log-jobs`")]
    assert set(names(told[3])) == set(JOB_LOGS)


def test_the_last_run_begins_as_late_as_is_told() -> None:
    units = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0}
    for runs, base, told in rows(HANDLERS, "over within two seconds"):
        figures = [float(figure) for figure in re.findall(r"[\d.]+", told)]
        unit = units[told.split()[-1]]
        policy = RetryPolicy("exponential", float(base))
        for job_id, figure in ((UUID(int=0), figures[0]), (UUID(int=2**53 - 1), figures[-1])):  # no jitter, and all
            waited = sum(next_delay(policy, n, int(runs), job_id) or 0.0 for n in range(1, int(runs)))
            assert abs(waited / unit - figure) < 0.05, (runs, base)
