"""What operators ask and order about queues and job types: which there are, which are paused; pause, resume."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from psycopg import errors as pg
from psycopg.rows import DictRow

from pooljobs.db.connect import pinned_transaction
from pooljobs.db.store.pausing import pause_with, resume_with
from pooljobs.job.pause import PauseNote, PauseTarget
from pooljobs.operations.answers import BOUNDED
from pooljobs.operations.queue_counts import QueueCounts

_MOST: Final = 1000
"""Declared types that are looked through."""


class PausingOperations(QueueCounts):
    """Part of ``Reader``."""

    def pause(self, target: PauseTarget, note: PauseNote) -> bool:
        """Pause a queue or a job type; False if it was paused before. See ``pause.sql``."""
        with pinned_transaction(self.connection, BOUNDED):
            return pause_with(self.connection, self._statements.schema, target, note)

    def resume(self, target: PauseTarget) -> bool:
        """Resume it; False if it was not paused."""
        with pinned_transaction(self.connection, BOUNDED):
            return resume_with(self.connection, self._statements.schema, target)

    def pause_named(self, target: PauseTarget) -> DictRow | None:
        """Its pause; None if it is not paused."""
        return self._by_name(target.kind).get(target.name)

    def declared(self, *, limit: int) -> list[DictRow]:
        """Job types that were ever declared, each with its queue; see ``list_declared.sql``."""
        return self._rows("list_declared", {"limit": limit})

    def known_queues(self, *, limit: int) -> list[dict[str, Any]]:
        """Queues that hold jobs or held some in the last hour, are declared for some type, or are paused, by name.

        Each has its ``name``, how many jobs are ``pending`` there, and its ``pause`` (None: it is not paused).
        """
        pauses = self._by_name("queue")
        pending = dict.fromkeys((*pauses, *(row["queue"] for row in self._declared(limit))), 0)
        pending |= {row["queue"]: row["pending"] for row in self.count(limit=limit)[0]}
        rows = [{"name": name, "pending": pending[name], "pause": pauses.get(name)} for name in sorted(pending)]
        return rows[:limit]

    def known_types(self, *, limit: int) -> list[dict[str, Any]]:
        """Job types that were ever declared, or are paused, by name.

        Each has its ``name``, the ``queue`` it was declared for (None: it was not), and its ``pause``.
        """
        pauses = self._by_name("type")
        queues = dict.fromkeys(pauses) | {row["job_type"]: row["queue"] for row in self._declared(limit)}
        return [{"name": name, "queue": queues[name], "pause": pauses.get(name)} for name in sorted(queues)][:limit]

    def is_unheard_of(self, target: PauseTarget) -> bool:
        """Whether nothing but a pause is known of that name: it may be misspelt. False where the user may not know."""
        column = "queue" if target.kind == "queue" else "job_type"
        try:
            declared = self.declared(limit=_MOST)
            if len(declared) == _MOST or any(row[column] == target.name for row in declared):
                return False
            return target.kind == "type" or not self.count(target.name)[0]
        except pg.InsufficientPrivilege:
            return False

    def may_see_declared(self) -> bool:
        """Whether this user may know which types are declared."""
        try:
            self.declared(limit=1)
        except pg.InsufficientPrivilege:
            return False
        return True

    def _by_name(self, kind: str) -> dict[str, DictRow]:
        return {row["name"]: row for row in self.pauses() if row["kind"] == kind}

    def _declared(self, limit: int) -> list[DictRow]:
        """None for a user who may not know: a viewer sees jobs, and not what is declared."""
        with suppress(pg.InsufficientPrivilege):
            return self.declared(limit=limit)
        return []
