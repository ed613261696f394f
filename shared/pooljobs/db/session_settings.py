"""What sessions of ours are set to, whatever a database or a role is (ALTER DATABASE … SET, ALTER ROLE … SET)."""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

CLOSED_PATH: Final = "search_path = pg_catalog, pg_temp"
"""pg_temp comes last: it would be first if it were not named."""

NEEDED: Final = (
    CLOSED_PATH,
    # Values are read and written in one form, and plain strings are plain.
    "timezone = 'UTC'",
    "datestyle = 'ISO, MDY'",
    "intervalstyle = 'postgres'",
    "extra_float_digits = 1",
    "bytea_output = 'hex'",
    "array_nulls = on",
    "standard_conforming_strings = on",
    "row_security = on",  # off makes an error of each query that a policy restricts
    # Nothing of ours waits in a transaction: who does was stopped there (SIGSTOP, Ctrl-Z, a virtual machine that was
    # frozen), and everybody else would wait for its locks until it goes on.
    "idle_in_transaction_session_timeout = '10s'",
)
"""What all that we run needs."""

PINNED: Final = (
    *NEEDED,
    # One generic plan for each statement, the same whatever the statistics say: they are stale just when it matters,
    # after a bulk load into an empty table.
    "plan_cache_mode = force_generic_plan",
    "enable_indexscan = on",
    "enable_nestloop = on",
    "enable_seqscan = off",
    "enable_bitmapscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "jit = off",
    "default_transaction_isolation = 'read committed'",
)
"""What a child's session is set to, with ``patient``."""


_TRANSACTION_TIMEOUT_SINCE: Final = 170000


def patient(connection: Connection[Any]) -> tuple[str, ...]:
    """Settings by which the server ends nothing for the time that it takes, nor a session that is idle between two.

    Limits that a database or a role has are made for other programs: a vacuum takes minutes, and who listens is idle.
    What may take how long is minded here, and the network by TCP.
    """
    limits = ["statement_timeout", "lock_timeout", "idle_session_timeout"]
    if connection.info.server_version >= _TRANSACTION_TIMEOUT_SINCE:
        limits.append("transaction_timeout")
    return tuple(f"{limit} = 0" for limit in limits)
