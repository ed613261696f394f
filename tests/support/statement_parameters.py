"""Parameters of every statement as its callers give them: of the types by which the server parses it.

A statement whose parameters may be None stands there with and without. What callers run as a ``HotStatement`` has its
types with it, and stands here only if a cursor runs it as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from pooljobs.db import columns
from pooljobs.db.statements import Statements
from pooljobs.db.store.copy_unique import UniqueCopier
from pooljobs.db.store.insert import InsertStatement, InsertTogetherStatement
from pooljobs.db.store.insert_unique import InsertUniqueStatement
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.db.store.storing import Storing
from pooljobs.db.wire.arrays import Int8Array, UuidArray
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.job.new_job import NewJob
from pooljobs.operations.reader import WINDOWS
from pooljobs.process.child import Child
from pooljobs.process.fleet import fleet_of
from pooljobs.scoreboard import Scoreboard
from pooljobs_steward.wakeups.known_jobs import Known
from pooljobs_worker.claims.claim_statement import ClaimStatement

Parameters = dict[str, Any]

BIG: Final = 2**62
"""As ids of workers and fleets are."""

_ID: Final = uuid4()
_IDS: Final = UuidArray([_ID.bytes])
_CLAIMS: Final = {"ids": _IDS, "fences": Int8Array([1]), "tokens": Int8Array([BIG])}
_WHEN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_QUEUES: Final = ["default"]
_FLEET: Final = {"fleet": BIG}
_WORKERS: Final = {"worker_ids": [BIG]}
_CLAIM: Final = {"id": _ID, "fence": 1, "token": BIG}
_NO_NOTE: Final = {"reason": None, "paused_by": None}

PASSING_OVER: Final = asdict(Known(types=["other"], only_these=False, unknown_flags=1)) | {"refused_shapes": []}
"""What ``pass_over.sql`` adds to a statement that it is put into."""


def hot_statements_of(statements: Statements) -> Iterator[HotStatement]:
    """What is run without a cursor; with ``claim`` also as it passes over."""
    owners = (
        ClaimStatement(statements),
        SettlementBatch(statements),
        InsertStatement(statements),
        InsertTogetherStatement(statements),
        InsertUniqueStatement(statements),
        UniqueCopier(statements),
        Storing(statements, told=lambda error, _session, _ids: error),
    )
    for owner in owners:
        yield from (each for each in vars(owner).values() if isinstance(each, HotStatement))


def cursor_parameters(board: Scoreboard) -> dict[str, Sequence[Parameters]]:
    """By the verb: what is run with a cursor, for the fleet of this board."""
    fleet = {**fleet_of(Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getpid()))}
    unknown = dict.fromkeys(fleet, None) | {name: fleet[name] for name in ("fleet", "host", "pid", "version")}
    return (
        _of_workers(fleet, unknown) | _of_stewards(fleet, unknown) | _of_producers() | _of_schedules() | _of_operators()
    )


def _of_workers(fleet: Parameters, unknown: Parameters) -> dict[str, Sequence[Parameters]]:
    worker = {"id": BIG, "host": "here", "pid": 7, "ordinal": 1, "queues": _QUEUES, "job_timeout": 30.0}
    declared = {"job_types": ["a"], "queues": _QUEUES, "max_retries": [3], "policies": ["fixed"], "delays": [1.0]}
    given_back = {"queues": _QUEUES, "run_ats": None}
    said = {"ids": [_ID.hex], "tokens": [1], "dones": [1.0], "totals": [None], "notes": [None], "ages": [0.1]}
    return {
        "renew_fleet": [each | {"seconds": 30.0} for each in (fleet, unknown)],
        "register_worker": [worker | {"fleet": BIG, "code": BIG}],
        "publish_job_types": [declared | {"fleet": BIG, "code": BIG, "secrets": ["[]"], "unique_rules": [None]}],
        "renew_leases": [_WORKERS],
        "reread_claim": [{"worker_id": BIG, "token": BIG, "most_bytes": bytes_} for bytes_ in (-1, 10**6)],
        "release_claim": [{"worker_id": BIG, "token": BIG}],
        "find_claims": [_CLAIMS],
        "fetch_payloads": [{"ids": [_ID], "token": BIG, "most": 10**6}],
        "record_start": [_CLAIM],
        "write_progress": [said | {"worker_id": BIG}, {name: [] for name in said} | {"worker_id": BIG}],
        "complete_in_transaction": [_CLAIM | {"started_ago": 0.1}],
        "notify_idle": [given_back, given_back | {"run_ats": [None]}, given_back | {"run_ats": [_WHEN]}],
        "make_partitions": [{}],
        "list_pauses": [{}],
    }


def _of_stewards(fleet: Parameters, unknown: Parameters) -> dict[str, Sequence[Parameters]]:
    look = {"queues": _QUEUES, "most": 1, "marking": True, "since": "-infinity"}
    lost = {"lost": True, "max_losses": 3}
    walk = {"queues": _QUEUES, "seconds": 600.0, "most": 1000}
    start = {"queue_number": 1, "level": -4, "run_at": "-infinity", "id": _ID}
    return {
        "look_for_chores": [{}],
        "read_clock": [{}],
        "list_declared_types": [_FLEET | {"codes": [BIG]}],
        "mark_host_idle": [_FLEET | {"queues": _QUEUES, "seconds": 30.0}],
        "mark_host_busy": [_FLEET],
        "forget_idle_hosts": [_FLEET],
        "look_for_work": [look],
        "look_for_undone": [{"queues": _QUEUES, "soon": 60.0}],
        "count_left": [{"queues": _QUEUES, "fleet": BIG}],
        "listen": [{}],
        "fail_unknown": [walk | start],
        "count_dead_rows": [{}],
        "list_expired_partitions": [{"keep_days": 7}],
        "try_lead": [_FLEET | {"name": "retention", "seconds": 60.0}],
        "lock_fleet": [fleet],
        "drop_declarations": [fleet],
        "retire_fleet": [fleet],
        "forget_fleets": [{}],
        "forget_workers": [{}],
        "find_neighbours": [fleet, unknown],
        "read_cancellations": [{}],
        "cancel_requested": [{"ids": _IDS}],
        "drop_cancellations": [{"ids": _IDS, "since": since} for since in (None, "2026-01-01 00:00:00+00")],
        "find_held": [_WORKERS | {"least_age": 1.0}],
        "release_strays": [_CLAIMS],
        "reap_workers": [{"watched": 30.0, "gone": gone} for gone in ([], [BIG])],
        "terminate_backends": [{"backends": [7], "application_name": "pooljobs worker-1 (pid 7)"}],
        "read_charges": [{"ids": _IDS}],
        "retire_workers": [_WORKERS],
        "sweep_uniques": [{"after": b"", "most": 5000}],
        "release_dead": [_WORKERS | lost, {"worker_ids": None} | lost],
    }


def _of_producers() -> dict[str, Sequence[Parameters]]:
    job = {name: one.value(NewJob("a", b"{}", trace_id="t")) for name, one in columns.given()}
    job |= {"id": None, "run_at": None, "delay": 0.0, "early": False}
    rule = {"until_start": False, "within": None, "on_conflict": "skip", "most": None}
    block = job | rule | {"ids": [_ID], "unique_keys": [b"k"], "payload": ["{}"], "replacing": False}
    return {
        "insert_unique_jobs": [block, block | {"replacing": True, "run_at": _WHEN, "within": 1.0, "most": 1.0}],
        "copy_unique_jobs": [{}],
        "insert_job": [job, job | {"run_at": _WHEN, "trace_id": None}],
        "cancel_one": [{"job_id": _ID, "reason": reason} for reason in (None, "why")],
        "pause": [{"kind": "queue", "name": "a"} | note for note in (_NO_NOTE, {"reason": "why", "paused_by": "me"})],
        "resume": [{"kind": "type", "name": "a"}],
        "copy_jobs": [{}],
        "listen_ended": [{}],
        "register_waits": [{"ids": [_ID], "waiter": BIG, "seconds": seconds} for seconds in (60.0, 0.0)],
        "read_results": [
            {"ids": [_ID], "ended_from": since, "ended_to": until}
            for since, until in ((_WHEN, _WHEN), ("-infinity", "infinity"))
        ],
        "explain_partitions": [{}],
        "count_connections": [{}],
    }


def _of_schedules() -> dict[str, Sequence[Parameters]]:
    name, code = {"name": "nightly"}, {"fleet": BIG, "code": BIG}
    cron, every = {"cron": "0 3 * * *", "every": None}, {"cron": None, "every": 60.0}
    job = {"job_type": "a", "payload": "{}", "queue": "q", "priority": 0, "max_retries": 3}
    rule = {"tz": "UTC", "jitter": 0.0, "catch_up": "last", "overlap": "skip"}
    return {
        "publish_schedules": [code | {"app": "shop", "names": names, "definitions": names} for names in ([], ["{}"])],
        "agree_on_schedules": [{}],
        "forget_declared_schedules": [{}],
        "find_due_schedules": [{"most": 20}],
        "enqueue_tick": [name | {"tick": _WHEN, "run_at": _WHEN, "trace_id": "nightly@2026"}],
        "advance_schedule": [
            name | {"next_at": _WHEN, "error": None, "pause": None},
            name | {"next_at": None, "error": "why", "pause": 60.0},
        ],
        "put_schedule": [
            name | job | rule | cron,
            name | job | rule | every | {"queue": None, "priority": None, "max_retries": None},
        ],
        "drop_schedule": [name],
        "edit_one_schedule": [name | cron | {"tz": None}, name | every | {"tz": "UTC"}],
        "pause_one_schedule": [name | {"reason": reason, "by": reason} for reason in (None, "why")],
        "resume_one_schedule": [name],
        "run_one_schedule": [name],
        "list_schedules": [name, {"name": None}],
    }


def _of_operators() -> dict[str, Sequence[Parameters]]:
    job = {"job_type": "a", "payload": "{}", "queue": "q", "priority": 0, "max_retries": 3, "trace_id": "t"}
    job |= {"tags": ["t"], "meta": "{}"}
    bare = dict.fromkeys(job, None) | {"job_type": "a", "payload": "{}"}
    count = {"queue": None, "limit": None, "since": None, "seconds": 60.0, "overlap": 5.0}
    listed = {"statuses": None, "queue": None, "job_type": None, "tag": None, "limit": 10, "whole": False}
    asked = {"statuses": ["failed"], "queue": "q", "job_type": "a", "tag": "t"}
    return {
        "enqueue_one": [job | {"delay": 1.0, "run_at": None}, bare | {"delay": None, "run_at": _WHEN}],
        "list_job_types": [{"job_type": "a"}],
        "count_workers": [{"queues": queues} for queues in (None, _QUEUES)],
        "count_jobs": [count, count | {"queue": "q", "limit": 10, "since": _WHEN}],
        "list_jobs": [each | {"window": window} for each in (listed, listed | asked) for window in WINDOWS],
        "show_job": [{"first": _ID, "last": _ID, "limit": 6}],
        "retry_job": [{"id": _ID}],
        "find_key_holder": [{"id": _ID}],
        "find_live": [{"ids": [_ID]}],
        "delete_jobs": [{}],
        "list_declared": [{"limit": 10}],
        "name_workers": [_WORKERS],
    }
