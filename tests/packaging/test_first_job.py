"""A newcomer's way, as ``docs/first-job.md`` shows it: from the clone to a job that has run, in a fresh environment.

What the commands print is looked at by ``tests/docs``, where pooljobs is installed already. Here they run as they
stand, in one shell: pip installs from the clone, and nothing of this checkout's environment is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks, commands
from tests.support.run_directory import run_directory

DOCUMENT = ROOT / "docs" / "first-job.md"


def clone(folder: Path) -> None:
    """What git would clone, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def script() -> list[str]:
    """The document as one shell takes it: its files are written, and an exit code that it shows is asked for."""
    lines = ["set -e"]
    for block in blocks(DOCUMENT.read_text()):
        if block.language == "python":
            name = block.text.splitlines()[0].removeprefix("# ")
            lines.append(f"cat > {name} <<'END'\n{block.text}END")
        elif block.language == "console":
            for command in commands(block):
                if command.text == "echo $?":
                    lines[-1] = f"{lines[-1]} || test $? = {command.output[0]}"
                elif not command.text.startswith("git clone "):
                    lines.append(command.text)
    return lines


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_commands_lead_from_the_clone_to_a_job_that_has_run(tmp_path: Path) -> None:
    clone(tmp_path / "pooljobs")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    env |= {"POOLJOBS_DATA_DIR": str(run_directory() / "first-job"), "HOME": str(tmp_path)}
    for name in ("DATABASE_URL", "POOLJOBS_DSN"):
        env.pop(name, None)
    done = subprocess.run(
        ["bash", "-c", "\n".join(script())], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert told.count("  completed  greet  default  1/3  ") == 2, told
