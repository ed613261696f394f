"""What each signal to the supervisor means. The loop hands them over one by one; here they meet the course.

HUP has two meanings: a terminal that is gone asks for an end, anything else for a reload. Ignored at the start
(``nohup``), it stays ignored: the inbox never takes it.
"""

from __future__ import annotations

from signal import Signals

from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.reload import Reload
from pooljobs_supervisor.reporting.status_dump import status_lines
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog
from pooljobs_supervisor.terminal import has_terminal
from pooljobs_supervisor.zygote.zygote_state import Zygotes


class SignalActions:
    """Takes signals. ``had_terminal``: the process had a controlling terminal when it started."""

    def __init__(
        self, fleet: FleetState, supervisor_log: SupervisorLog, *, reload: Reload, zygotes: Zygotes, had_terminal: bool
    ) -> None:
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._supervisor_log = supervisor_log
        self._reload = reload
        self._zygotes = zygotes
        self.had_terminal = had_terminal

    def take(self, number: Signals, now: float) -> None:
        """Do what this signal asks for."""
        match number:
            case Signals.SIGCHLD:
                return
            case Signals.SIGTTIN | Signals.SIGTTOU:
                self._resize(number)
            case Signals.SIGUSR1:
                self._supervisor_log.scoreboard(status_lines(self._children, self._zygotes, self._board, now))
            case Signals.SIGHUP if not (self.had_terminal and not has_terminal()):
                self._ask_reload(now)
            case _:
                self._end(number, now)

    def _resize(self, number: Signals) -> None:
        """One worker more or less; an end that has begun goes on as it is."""
        if self._lifecycle.stage is LifecycleStage.SERVE:
            wanted = self._children.procs + (1 if number is Signals.SIGTTIN else -1)
            self._supervisor_log.resized(number, self._children, fits=self._children.resize(wanted))

    def _ask_reload(self, now: float) -> None:
        if self._lifecycle.stage is LifecycleStage.SERVE:
            self._reload.ask(now)

    def _end(self, number: Signals, now: float) -> None:
        """One more request to come to an end; QUIT asks for all of it at once."""
        before = self._lifecycle.stage
        after = self._lifecycle.halt(now) if number is Signals.SIGQUIT else self._lifecycle.escalate(now)
        if after is not before:
            self._supervisor_log.asked(number, self._lifecycle, len(self._children.workers))
