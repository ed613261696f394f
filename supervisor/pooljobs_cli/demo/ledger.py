"""The demo's own view of the database: enqueues, counts, and audits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from pooljobs.db.endpoint import place
from pooljobs.db.statements import render
from pooljobs.db.store.producer import Producer
from pooljobs_cli.demo.demo_jobs import SCHEMA, app
from pooljobs_cli.demo.demo_mixture import payloads
from pooljobs_cli.staging.own_schema import Agree, Purpose, own_schema

PURPOSE: Final = Purpose(SCHEMA, "demo", "runs jobs, for a minute or less, on")


class Ledger:
    """Works on one connection, in the demo's schema."""

    def __init__(self, dsn: str, connection: Connection[Any]) -> None:
        self._dsn = dsn
        self._connection = connection

    @property
    def place(self) -> str:
        """Where it works, in words."""
        return place(self._connection)

    def enqueue(self, jobs: int, on_progress: Callable[[int], None]) -> None:
        """Enqueue the demo's jobs and note their ids."""
        producer = Producer(self._dsn, SCHEMA, pool_size=1)
        try:
            ids = producer.insert_many(
                (app.registry[kind].prepare(payload) for kind, payload in payloads(jobs)), on_progress
            )
        finally:
            producer.close()
        with self._connection.cursor().copy(render("COPY {schema}.enqueued FROM STDIN", SCHEMA)) as copy:
            for job_id in ids:
                copy.write_row((job_id,))

    def progress(self) -> DictRow:
        """How far it is; see ``progress.sql``."""
        return self._row("progress")

    def measure(self) -> DictRow:
        """What the run was like; see ``measure.sql``."""
        return self._row("measure")

    def audit(self) -> DictRow:
        """What the audit says; see ``check_audit.sql``."""
        return self._row("check_audit")

    def _row(self, verb: str) -> DictRow:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(_load(verb)).fetchone()
        assert row is not None
        return row


@contextmanager
def open_ledger(dsn: str, agree: Agree) -> Iterator[Ledger]:
    """A ledger on a connection of its own, in a schema that is there until the ``with`` ends.

    Raises:
        PoolJobsError: As ``own_schema`` does.
    """
    with own_schema(dsn, PURPOSE, agree) as own:
        own.connection.execute(_load("make_audit"))
        yield Ledger(dsn, own.connection)


def _load(verb: str) -> bytes:
    return render(resources.files(__package__).joinpath("sql", f"{verb}.sql").read_text("utf-8"), SCHEMA)
