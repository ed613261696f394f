"""What memory a process takes, as the kernel counts it. Used by ``status_dump.py`` and for zygotes."""

from __future__ import annotations

from pathlib import Path


def proportional(pid: int) -> int | None:
    """Bytes that a process has for itself, and of each page that it shares with others its share (PSS).

    These add up: the sum over all children is what the fleet takes. None where there is no /proc to tell, or no such
    process.
    """
    try:
        return pss_in(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:
        return None


def pss_in(rollup: str) -> int | None:
    r"""The bytes in the text of ``smaps_rollup``.

    >>> pss_in("5581 [rollup]\nRss:  9000 kB\nPss:  4321 kB\nPss_Anon: 4000 kB\n"), pss_in("")
    (4424704, None)
    """
    found = next((line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")), None)
    return None if found is None else int(found) * 1024


def in_megabytes(size: int | None) -> str:
    """For people.

    >>> in_megabytes(12_345_678), in_megabytes(None)
    ('12.3 MB', 'unknown')
    """
    return "unknown" if size is None else f"{size / 1e6:.1f} MB"
