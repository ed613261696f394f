"""``--preload`` on each tick of the supervisor's loop: what zygotes said, and how they ended, goes into the books, and
what the books ask for is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.fleet.children import Children
from pooljobs_supervisor.fleet.course import Course, Stage
from pooljobs_supervisor.fleet.plan import IDLE_TICK
from pooljobs_supervisor.zygote.books import Conceive, End, EndHung, ZygoteAction, Zygotes
from pooljobs_supervisor.zygote.keeper import Keeper
from pooljobs_supervisor.zygote.story import ZygoteStory


@dataclass(frozen=True, slots=True)
class Preload:
    """Looks after the zygotes of one supervisor. ``_forget`` closes, in a child, what is the supervisor's alone."""

    zygotes: Zygotes
    _keeper: Keeper
    _children: Children
    _course: Course
    _story: ZygoteStory
    _forget: Callable[[], None]

    @property
    def pids(self) -> Collection[int]:
        """Zygotes that are to be buried here."""
        return self._keeper.pids

    def step(self, now: float) -> None:
        """Hear the zygotes, and do what is to be done about them."""
        for zygote in self._keeper.hear(now):
            self._story.ready(zygote, now)
        for zygote in self.zygotes.slow(now):
            self._story.slow(zygote, now, self._keeper.where(zygote))
        serving = self._course.stage is Stage.SERVE
        waiting = self._keeper.births.waiting()
        for action in self.zygotes.plan(self._children.generation, serving=serving, waiting=waiting, now=now):
            self._do(action, now)

    def pause(self, now: float) -> float:
        """Seconds after which to step again, unless somebody is heard from before."""
        if self._course.stage is not Stage.SERVE:
            return IDLE_TICK
        pause = self.zygotes.pause(self._children.generation, now, longest=IDLE_TICK)
        return max(pause, min(self._children.forks.seconds_to(1, now), IDLE_TICK))

    def bury(self, pid: int, now: float) -> None:
        """A zygote has ended. If the first one could not load the application, the start has failed."""
        status = self._keeper.bury(pid)
        if status is None:
            return
        zygote = self.zygotes.died(pid, status, now)
        serving = self._course.stage is Stage.SERVE
        self._story.died(zygote, status, serving=serving, now=now)
        if serving and not (self._course.ever_ready or zygote.ready_at is not None or zygote.ended):
            self._course.fail_to_start(status, now)
            self._story.never_loaded(status, self._course.result.name)

    def _do(self, action: ZygoteAction, now: float) -> None:
        match action:
            case Conceive(generation):
                self._conceive(generation, now)
            case End(zygote):
                zygote.ended = True
                self._keeper.kill(zygote)
            case EndHung(zygote):
                if not zygote.lost:  # whose line has ended is dying by itself, as a rule
                    self._story.hangs(zygote, self._keeper.where(zygote))
                zygote.lost = True
                self._keeper.kill(zygote)

    def _conceive(self, generation: int, now: float) -> None:
        """Workers come from it: it needs no fork of theirs to be left over."""
        if not self._children.forks.left(now):
            return
        self._children.forks.spend(now)
        try:
            self._keeper.conceive(generation, self._forget, now)
        except OSError as error:
            self.zygotes.not_born(now)
            self._story.not_forked(error)
            if not self._course.ever_ready:
                self._course.fail_to_start(ExitCode.WORKER_BOOT, now)
