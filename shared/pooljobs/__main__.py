"""The composition root: the only module of this package that knows supervisor and worker, and brings them together.

Run as ``pooljobs`` or ``python -m pooljobs``.
"""

from __future__ import annotations

import sys

from pooljobs_supervisor.cli.main import run
from pooljobs_worker.main import worker_main


def main() -> None:
    """The ``pooljobs`` command; does not return."""
    sys.exit(run(sys.argv[1:], worker_main))


if __name__ == "__main__":
    main()
