"""``python -m bench.profiled FILE serve …``: pooljobs with its first worker under cProfile. ``--show FILE`` tells."""

from __future__ import annotations

import cProfile
import pstats
import sys

from pooljobs.process.child import Child
from pooljobs.settings import ServeSettings
from pooljobs_cli.main import run
from pooljobs_worker.main import worker_main


def main() -> None:
    """Profiles, or shows a profile."""
    if sys.argv[1] == "--show":
        pstats.Stats(sys.argv[2]).strip_dirs().sort_stats("tottime").print_stats(20)
        return
    file = sys.argv[1]

    def profiled(settings: ServeSettings, child: Child) -> int:
        if child.slot.ordinal != 1:
            return worker_main(settings, child)
        profile = cProfile.Profile()
        code = profile.runcall(worker_main, settings, child)
        profile.dump_stats(file)
        return code

    sys.exit(run(sys.argv[2:], lambda: profiled))


if __name__ == "__main__":
    main()
