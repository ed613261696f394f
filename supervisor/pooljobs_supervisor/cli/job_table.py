"""Jobs as people read them: a table of many, a sheet of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from pooljobs.job.retry import RetryPolicy
from pooljobs_supervisor.telling.ages import ago, span, until
from pooljobs_supervisor.telling.console import block, line
from pooljobs_supervisor.telling.json_text import indented

_STYLES = {"pending": "yellow", "running": "cyan", "completed": "green", "failed": "red", "cancelled": "magenta"}

Row = Mapping[str, Any]


def job_table(jobs: Sequence[Row]) -> Table:
    """One line a job; the errors' first lines where there are any."""
    with_errors = any(_error(job) for job in jobs)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "status", "type", "queue", "runs", "when"):
        table.add_column(title, no_wrap=True, min_width=36 if title == "id" else None)
    if with_errors:
        table.add_column("last error", no_wrap=True, overflow="ellipsis")
    for job in jobs:
        cells = [line(job["id"]), _status(job), line(job["job_type"]), line(job["queue"]), _runs(job), _when(job)]
        table.add_row(*cells, *([_error(job)] if with_errors else []))
    return table


def job_sheet(job: Row) -> Table:
    """Everything known of one job, a field a line; what is not set is left out."""
    sheet = Table(box=None, pad_edge=False, show_header=False)
    sheet.add_column(style="bold", no_wrap=True)
    sheet.add_column(overflow="fold")
    for name, value in _fields(job):
        if value is not None:
            sheet.add_row(name, value if isinstance(value, Text) else line(value))
    return sheet


def _fields(job: Row) -> list[tuple[str, Any]]:
    return [
        ("id", job["id"]),
        ("status", _status(job)),
        ("type", job["job_type"]),
        ("queue", job["queue"]),
        ("priority", job["priority"]),
        ("runs", f"{job['attempts']} of {_most_runs(job)}"),
        ("crashes", job["crashes"] or None),
        ("host losses", job["losses"] or None),
        ("cut short", job["interruptions"] or None),
        ("created", _instant(job["created_at"])),
        ("run at", _instant(job["run_at"])),
        ("started", _instant(job["started_at"])),
        ("finished", _instant(job["finished_at"])),
        ("ran for", _duration(job)),
        ("cancel", _cancel_requested(job)),
        ("unknown", "no worker knows it: none that lives declares this type" if job["unknown"] else None),
        ("refused", _refused(job)),
        ("locked until", _instant(job["locked_until"])),
        ("worker", _worker(job)),
        ("fence", job["fence"]),
        ("trace id", job["trace_id"]),
        ("payload", block(indented(job["payload"]))),
        ("last error", block(job["last_error"]) if job["last_error"] else None),
    ]


def _status(job: Row) -> Text:
    return line(job["status"], style=_STYLES.get(job["status"], ""))


def _runs(job: Row) -> Text:
    return line(f"{job['attempts']}/{_most_runs(job)}")


def _most_runs(job: Row) -> int:
    """Of a type that is never retried one, whatever its producer asked for; or as many as it had after crashes."""
    most = RetryPolicy.stored(job["retry_policy"], None).most_runs(job["max_retries"])
    return max(most, int(job["attempts"]))


def _when(job: Row) -> Text:
    if job["status"] == "pending" and job["refused_for"] is not None:
        return line(f"refused, next try {until(max(job['due_in'], 0.0))}")
    if job["unknown"]:
        return line("no worker knows it")
    if job["status"] == "pending" and job["due_in"] >= 1:
        return line(f"due {until(job['due_in'])}")
    return line(ago(job["age"]))


def _error(job: Row) -> Text:
    """The first line of its last error; of a completed job an earlier run's, which nobody needs to see."""
    told = (job["last_error"] or "").strip().splitlines()
    return line(told[0] if told and job["status"] != "completed" else "", style="dim")


def _instant(when: datetime | str | None) -> str | None:
    """A time beyond Python's is a text."""
    if when is None or isinstance(when, str):
        return when
    return f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03d} UTC"


def _duration(job: Row) -> str | None:
    started, finished = job["started_at"], job["finished_at"]
    if not isinstance(started, datetime) or not isinstance(finished, datetime):
        return None
    return span((finished - started).total_seconds())


def _cancel_requested(job: Row) -> str | None:
    if job["cancel_requested_at"] is None:
        return None
    reason = f": {job['cancel_reason']}" if job["cancel_reason"] else ""
    return f"requested {ago(job['cancel_requested_ago'])}{reason}"


def _refused(job: Row) -> str | None:
    """Of a job that waits for code that takes its payload."""
    if job["refused_for"] is None:
        return None
    since = f"by the workers' code since {_instant(job['refused_since'])}"
    return since if job["status"] == "running" else f"{since}; next try {until(max(job['due_in'], 0.0))}"


def _worker(job: Row) -> str | None:
    if job["worker_id"] is None:
        return None
    if job["worker_host"] is None:
        return str(job["worker_id"])
    return f"{job['worker_id']} (worker-{job['worker_ordinal']}, pid {job['worker_pid']} on {job['worker_host']})"
