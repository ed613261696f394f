"""``python -m tests.support.sabotage_end serve …``: pooljobs that leaves a process behind, as a job's may stay.

It shows that the rule which looks for such processes can fail.
"""

from __future__ import annotations

import subprocess

from pooljobs.__main__ import main

if __name__ == "__main__":
    subprocess.Popen(["sleep", "3600"], start_new_session=True)
    main()
