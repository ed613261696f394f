"""``python -m pooljobs_cli.staging.own_fleet_main PID OPTION…``: becomes ``pooljobs serve``, which drains if PID dies.

A command that is killed cannot ask its fleet to end. What is asked of the kernel here lasts through the exec. Where the
kernel takes no such wish (macOS), the fleet stays, and has to be ended by hand.
"""

from __future__ import annotations

import os
import signal
import sys

from pooljobs_supervisor.forking.parent_death import parent_death_signal


def main() -> None:
    """Arm, look whether the parent is still there, and exec."""
    parent, options = int(sys.argv[1]), sys.argv[2:]
    parent_death_signal()(signal.SIGTERM)
    if os.getppid() != parent:
        return
    os.execv(sys.executable, [sys.executable, "-m", "pooljobs", "serve", *options])  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
