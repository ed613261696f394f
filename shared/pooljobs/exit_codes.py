"""Exit codes of the command line and of the supervisor's children: a contract, listed in docs/running.md.

A process manager, a shell script and the supervisor itself tell outcomes apart by these numbers alone.
Numbers from 64 up are left out, because shells and signals (128 + n) use them.
"""

from __future__ import annotations

import signal
from enum import IntEnum


class ExitCode(IntEnum):
    """How a pooljobs process ended."""

    OK = 0
    INTERNAL = 1
    """A bug in pooljobs: the traceback was printed."""
    USAGE = 2
    """The command line is wrong, or a value in it or in a variable: an option, a payload, a connection string."""
    APP = 3
    """The application could not be loaded: no such module or attribute, or its import raised."""
    DATABASE_UNREACHABLE = 4
    """No server answered, or it refused the password or the database."""
    DATABASE_UNSUPPORTED = 5
    """The server is older than PostgreSQL 14, or read-only."""
    NOT_MIGRATED = 6
    """The schema is missing, older, or newer than this version of pooljobs."""
    CONNECTION_BUDGET = 7
    """The server's ``max_connections`` cannot hold the fleet's connections."""
    NOT_FOUND = 8
    """The job or job type that was named does not exist."""
    REFUSED = 9
    """It cannot be done as things stand: a job is not in a state for it, nobody agreed. Nothing was done."""
    EMBEDDED = 10
    """The embedded server is not installed, or did not start."""
    WORKER_BOOT = 11
    """A worker never came up, for a reason that respawning cannot mend."""
    DRAIN_TIMED_OUT = 12
    """The drain passed its limit, or a signal cut it short: running jobs were killed and are back in their queues."""
    CHECK_FAILED = 13
    """A command that checks something (an audit) found it broken."""
    EXHAUSTED = 14
    """A process is out of descriptors, or would be; of a worker, out of memory or threads too: it gave back what it had
    claimed, and is replaced."""
    OUTPUT = 15
    """stdout did not take the result: a full disk, or it was closed. What the command was to do is done."""
    DATABASE_REFUSED = 16
    """The server is there, and refused the statement: a privilege, a timeout of the database, a trigger."""
    IN_USE = 17
    """Somebody uses the embedded server that was to be stopped or removed: nothing was done."""


_MEANINGS = {int(ExitCode.EXHAUSTED): ", out of descriptors, memory or threads"}


def describe_exit(status: int) -> str:
    """The exit status of a child in words; minus a signal's number is an end by that signal.

    >>> describe_exit(0), describe_exit(3), describe_exit(-9), describe_exit(-250)
    ('exit code 0', 'exit code 3', 'killed by SIGKILL', 'killed by signal 250')
    """
    if status >= 0:
        return f"exit code {status}{_MEANINGS.get(status, '')}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
