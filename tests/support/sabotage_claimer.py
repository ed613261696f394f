"""``python -m tests.support.sabotage_claimer serve …``: pooljobs whose workers fail at once what they do not know.

That is a job whose type has no handler there, or whose payload the handler does not take. It shows that the rule which
looks for jobs that failed because of who claimed them can fail.
"""

from __future__ import annotations

import sys

from pooljobs.__main__ import main

if __name__ == "__main__":
    sys.argv += ["--unknown-after", "0"]
    main()
