"""What ``manage.py pooljobs`` becomes: the ``pooljobs`` command, whose first argument says how it was called."""

from __future__ import annotations

import sys

from pooljobs.__main__ import main

if __name__ == "__main__":
    main(called=sys.argv.pop(1))
