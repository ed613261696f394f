"""Any history of zygotes: there is always one to ask, or one on the way, or one that is due; never more than three."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pooljobs_supervisor.zygote.zygote_state import EndZygote, ForkZygote, ZygoteRecord, Zygotes


class Books(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.books = Zygotes()
        self.now = 1000.0
        self.wanted = 0
        self.next_pid = 1
        self.generations_asked: list[int] = []

    def step(self) -> None:
        for action in self.books.plan(self.wanted, serving=True, waiting={}, now=self.now):
            if isinstance(action, ForkZygote):
                self.books.forked(ZygoteRecord(self.next_pid, action.generation, forked=self.now))
                self.next_pid += 1
            else:
                action.zygote.ended = isinstance(action, EndZygote)
                self.books.died(action.zygote.pid, -9, self.now)

    @rule(seconds=st.floats(min_value=0.0, max_value=40.0))
    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.step()

    @rule()
    def reload(self) -> None:
        self.wanted += 1
        self.step()

    @precondition(lambda self: self.books.all)
    @rule(data=st.data(), status=st.sampled_from([1, 3, -9]))
    def die(self, data: st.DataObject, status: int) -> None:
        self.books.died(data.draw(st.sampled_from(self.books.all)).pid, status, self.now)

    @precondition(lambda self: any(zygote.ready_at is None for zygote in self.books.all))
    @rule(data=st.data())
    def load(self, data: st.DataObject) -> None:
        loading = [zygote for zygote in self.books.all if zygote.ready_at is None]
        self.books.ready(data.draw(st.sampled_from(loading)), self.now)

    @precondition(lambda self: self.books.source is not None)
    @rule()
    def worker_is_ready(self) -> None:
        assert self.books.source is not None
        self.books.prove(self.books.source.generation)

    @rule()
    def give_up(self) -> None:
        self.books.reject(self.wanted)

    @invariant()
    def somebody_is_there_or_comes(self) -> None:
        loading = [zygote for zygote in self.books.all if zygote.ready_at is None]
        due = self.books.pause(self.wanted, self.now, longest=1e9) < 1e9
        assert self.books.source is not None or loading or due

    @invariant()
    def they_do_not_pile_up(self) -> None:
        generations = [zygote.generation for zygote in self.books.all]
        assert len(set(generations)) == len(generations)

    def teardown(self) -> None:
        """Left alone, with code that loads and works, one zygote of the newest code remains."""
        self.wanted += 1
        for _ in range(4):
            self.now += 60.0
            self.step()
            for zygote in self.books.all:
                if zygote.ready_at is None:
                    self.books.ready(zygote, self.now)
            if self.books.source is not None:
                self.books.prove(self.books.source.generation)
        assert [zygote.generation for zygote in self.books.all] == [self.wanted]


TestBooks = Books.TestCase
