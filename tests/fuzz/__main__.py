"""``python -m tests.fuzz [--seconds N] [--seed N] [--only NAME]``: tries the properties until the time is up.

Each round has a seed, which is told with a finding and repeats it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings

from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.properties import PROPERTIES, Property

ROUND = 500
"""Examples of one property in one round."""


def attempt(tried: Property, number: int, examples: int) -> None:
    """One round; raises what a check has found, with the smallest input that shows it."""
    limits = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    seed(number)(limits(given(*tried.inputs)(tried.check)))()


def main() -> int:
    """0 if nothing was found."""
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    arguments.add_argument("--seconds", type=float, default=300.0)
    arguments.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments.add_argument("--only", choices=PROPERTIES)
    given_ = arguments.parse_args()
    warnings.simplefilter("ignore")  # of annotations that pydantic would rather not see
    chosen = {given_.only: PROPERTIES[given_.only]} if given_.only else PROPERTIES
    deadline, number = time.monotonic() + given_.seconds, given_.seed
    while time.monotonic() < deadline:
        for name, tried in chosen.items():
            try:
                attempt(tried, number, ROUND)
            except Exception:
                print(f"found by: python -m tests.fuzz --only {name!r} --seed {number}", file=sys.stderr)
                raise
        number += 1
    print(f"nothing found in {number - given_.seed} rounds of {ROUND} inputs each, seeds from {given_.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
