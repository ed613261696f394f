"""Decides which version each host has: a release of the application, and the pooljobs that runs it. Pure."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Final

from pooljobs_cli.chaos.application.releases import Release

_OTHER: Final = {Release.OLD: Release.NEW, Release.NEW: Release.OLD, Release.BOTH: Release.BOTH}


@dataclass(frozen=True, slots=True)
class Version:
    """What is deployed on a host. ``beside``: it is run by the other pooljobs."""

    release: Release
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Versions:
    """What comes where, and after what.

    Attributes:
        hosts: How many there are.
        deploying: Whether there are deployments. If not, one release takes all jobs.
        beside: Whether there is another pooljobs. It runs every other host, and others after each restart.
        confined: Whether that one would fail jobs that it does not know, and so is given the release that takes all.
    """

    hosts: int
    deploying: bool
    _: KW_ONLY
    beside: bool = False
    confined: bool = False

    def first(self, host: int) -> Version:
        """In the beginning. The last host, which may be the only one, is the other pooljobs'."""
        release = self._alternate(host) if self.deploying else Release.BOTH
        return Version(release, self.beside and (self.hosts - host) % 2 == 1)

    def reloaded(self, now: Version) -> Version:
        """The other release, in the same process."""
        return replace(now, release=_OTHER[now.release])

    def restarted(self, now: Version) -> Version:
        """The other release, run by the other pooljobs if there is one."""
        return Version(_OTHER[now.release], self.beside != now.beside)

    def last(self, host: int, now: Version) -> Version:
        """In the end, when each job must find somebody who takes it: the last host has the release that takes all."""
        return replace(now, release=self._alternate(host) if host < self.hosts - 1 else Release.BOTH)

    def release(self, version: Version) -> Release:
        """What is really deployed for it."""
        return Release.BOTH if version.beside and self.confined else version.release

    def _alternate(self, host: int) -> Release:
        return Release.NEW if host % 2 else Release.OLD
