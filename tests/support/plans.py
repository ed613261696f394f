"""Query plans as they are made and kept: what they go by, and what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection, sql

_PLACEHOLDER = re.compile(rb"%\((\w+)\)s")
_PARTITION: Final = re.compile(r"^history_\d{8}")

LEADING: Final = {
    "live_pkey": "id",
    "live_claim": "queue",
    "workers_pkey": "id",
    "cancellations_pkey": "job_id",
    "job_types_pkey": "job_type",
    "idle_hosts_pkey": "queue",
    "fleets_pkey": "id",
    "declarations_pkey": "fleet",
    "history_id": "id",
    "history_failed": "finished_at",
}
"""The column that an index is looked up by. A scan without a condition on it reads the index from end to end."""


@dataclass(frozen=True)
class Scan:
    """One scan of a table."""

    table: str
    kind: str
    index: str | None
    """What bounds it: an index, ``ctid`` for rows read where they lie, None for a scan of it all, in whatever order."""
    rows: int
    """All that it gave or dropped, over all its loops; 0 in a plan that was not executed."""


@dataclass(frozen=True)
class Plan:
    """One statement's plan."""

    scans: list[Scan]
    blocks: int
    """Pages that were asked for, in memory or not, each time counted; 0 if it was not executed."""
    returned: dict[str, int]
    """What scans gave: rows of tables read as a whole, entries of indexes. Also those inside functions."""

    def of(self, *tables: str) -> set[tuple[str, str | None]]:
        """How tables were read: the table, and what bounds the scan. Partitions of history count as history."""
        return {(scan.table, scan.index) for scan in self.scans if scan.table in tables}

    def rows(self, *tables: str) -> int:
        """How many of their rows were looked at."""
        return sum(scan.rows for scan in self.scans if scan.table in tables)


class Prepared:
    """A statement, prepared by hand: EXPLAIN of a statement with parameters would plan for their values.

    A generic plan is made when it is first asked for and kept, whatever becomes of the tables, until these are vacuumed
    or analysed.
    """

    def __init__(self, connection: Connection[Any], statement: bytes, name: str = "explained") -> None:
        self._connection = connection
        self._names = list(dict.fromkeys(name.decode() for name in _PLACEHOLDER.findall(statement)))
        numbered = _PLACEHOLDER.sub(lambda match: b"$%d" % (self._names.index(match[1].decode()) + 1), statement)
        self._name = sql.Identifier(name)
        prepare = sql.SQL("PREPARE {} AS ").format(self._name).as_bytes(None)
        connection.execute(prepare + numbered.replace(b"%%", b"%"))

    def explain(self, parameters: Mapping[str, object], *, execute: bool = True) -> Plan:
        """The plan; executed, and rolled back, unless told otherwise. Parameters that are absent are null."""
        options = "ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON" if execute else "FORMAT JSON"
        values = sql.SQL(", ").join(sql.Literal(parameters.get(name)) for name in self._names)
        call = sql.SQL("EXECUTE {} ({})" if self._names else "EXECUTE {}").format(self._name, values)
        with self._connection.transaction(force_rollback=True):
            before = _returned(self._connection)
            row = self._connection.execute(sql.SQL(f"EXPLAIN ({options}) ") + call).fetchone()
            after = _returned(self._connection)
        assert row is not None
        root = row[0][0]["Plan"]
        scans = [_scan(node) for node in _walk(root) if "Relation Name" in node and "Scan" in node["Node Type"]]
        blocks = root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0)
        return Plan(scans, blocks, {name: count - before.get(name, 0) for name, count in after.items()})

    def close(self) -> None:
        """Forgets it."""
        self._connection.execute(sql.SQL("DEALLOCATE {}").format(self._name))


def explain(
    connection: Connection[Any], statement: bytes, parameters: Mapping[str, object], *, execute: bool = True
) -> Plan:
    """The plan that the connection makes for a statement now."""
    prepared = Prepared(connection, statement)
    try:
        return prepared.explain(parameters, execute=execute)
    finally:
        prepared.close()


def _returned(connection: Connection[Any]) -> dict[str, int]:
    """As this session's scans have counted it up to now, for each table and index."""
    rows = connection.execute(
        "SELECT relname, pg_stat_get_xact_tuples_returned(oid) FROM pg_class"
        " WHERE relnamespace = 'pooljobs'::regnamespace AND relkind IN ('r', 'i')"
    )
    return dict(rows.fetchall())


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def _own(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As ``_walk``, without queries within the node, which look up what is not its own."""
    yield node
    for child in node.get("Plans", ()):
        if child["Parent Relationship"] not in ("SubPlan", "InitPlan"):
            yield from _own(child)


def _scan(node: dict[str, Any]) -> Scan:
    dropped = sum(node.get(reason, 0) for reason in ("Rows Removed by Filter", "Rows Removed by Index Recheck"))
    rows = round((node.get("Actual Rows", 0) + dropped) * node.get("Actual Loops", 0))
    return Scan(_PARTITION.sub("history", node["Relation Name"]), node["Node Type"], _bound(node), rows)


def _bound(node: dict[str, Any]) -> str | None:
    """What bounds a scan: a Bitmap Heap Scan's index stands below it."""
    if node["Node Type"] == "Tid Scan":
        return "ctid"
    index = next((below for below in _own(node) if "Index Name" in below), None)
    if index is None:
        return None
    name = _PARTITION.sub("history", index["Index Name"])
    name = {"history_id_finished_at_idx": "history_id", "history_finished_at_idx": "history_failed"}.get(name, name)
    bounded = re.search(rf"\b{LEADING.get(name, '')} (=|<|>)", index.get("Index Cond", ""))
    return name if bounded else None
