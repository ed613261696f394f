"""One job as people read it: a sheet with a field a line."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from pooljobs.ages import ago, span, until
from pooljobs.operations.pauses import told
from pooljobs_cli.output.console import block, line
from pooljobs_cli.output.job_table import Row, most_runs, status
from pooljobs_cli.output.json_text import indented
from pooljobs_cli.output.progress_text import progress_line

LONGEST_RESULT: Final = 4096
"""Characters that are shown."""


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
        ("status", status(job)),
        ("type", job["job_type"]),
        ("queue", job["queue"]),
        ("priority", job["priority"]),
        ("runs", f"{job['attempts']} of {most_runs(job)}"),
        ("crashes", job["crashes"] or None),
        ("host losses", job["losses"] or None),
        ("cut short", job["interruptions"] or None),
        ("snoozed", job["snoozes"]),
        ("created", _instant(job["created_at"])),
        ("run at", _instant(job["run_at"])),
        ("started", _instant(job["started_at"])),
        ("finished", _instant(job["finished_at"])),
        ("ran for", _duration(job)),
        ("progress", progress_line(job["progress"])),
        ("cancel", _cancel_requested(job)),
        ("unknown", "no worker knows it: none that lives declares this type" if job["unknown"] else None),
        ("paused", told(job["paused"]) if job["paused"] else None),
        ("unserved", "no living worker serves the queue" if job["unserved"] else None),
        ("refused", _refused(job)),
        ("locked until", _instant(job["locked_until"])),
        ("worker", _worker(job)),
        ("fence", job["fence"]),
        ("trace id", job["trace_id"]),
        ("tags", _tags(job["tags"])),
        ("meta", block(indented(job["meta"])) if job["meta"] else None),
        ("payload", block(indented(job["payload"]))),
        ("result", block(_cut(indented(job["result"]))) if job["result"] is not None else None),
        ("no result", job["result_note"]),
        ("last error", block(job["last_error"]) if job["last_error"] else None),
    ]


def _cut(result: str) -> str:
    """Its beginning, where it is long: ``--json`` has all of it."""
    if len(result) <= LONGEST_RESULT:
        return result
    return f"{result[:LONGEST_RESULT]}\n… {len(result) - LONGEST_RESULT:,} characters more (--json has them)"


def _tags(document: str | None) -> str | None:
    """Their names; what whoever inserts what he likes has put there as it is."""
    try:
        found = json.loads(document or "null")
    except (ValueError, RecursionError):
        return document
    return ", ".join(found) if isinstance(found, list) and all(isinstance(each, str) for each in found) else document


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
