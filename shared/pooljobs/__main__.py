"""The composition root: the only module of this package that knows supervisor and worker, and brings them together.

Run as ``pooljobs`` or ``python -m pooljobs``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pooljobs.process.importing import uncollected
from pooljobs.process.title import hide_connection_strings

if TYPE_CHECKING:
    from pooljobs_cli.serving.launch import WorkerMain


def load_worker() -> WorkerMain:
    """What each worker runs. ``serve`` asks for it before it forks; no other command has to import it."""
    from pooljobs_worker.main import worker_main

    return worker_main


def main(called: str = "pooljobs") -> None:
    """The ``pooljobs`` command, as it is called in its help; does not return."""
    hide_connection_strings(sys.argv)
    with uncollected():
        from pooljobs_cli.command_names import asked_for

        if asked_for(sys.argv[1:]) == "serve":
            from pooljobs_cli.serving.early_signals import leave_when_asked

            leave_when_asked()  # first, since the imports below take a while in which a signal would end it
        from pooljobs_cli.main import run
        from pooljobs_cli.output.streams import open_streams
    open_streams()
    sys.exit(run(sys.argv[1:], load_worker, called=called))


if __name__ == "__main__":
    main()
