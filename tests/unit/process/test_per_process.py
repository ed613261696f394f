from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from pooljobs.process.per_process import PerProcess
from tests.support.forking import exit_code_of


class Resource:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.finalised_in: int | None = None


def test_it_makes_one_value_however_many_threads_ask() -> None:
    made: list[int] = []
    together = Barrier(8)

    def make() -> object:
        made.append(1)
        return object()

    per_process = PerProcess(make)

    def ask(_: int) -> object:
        together.wait()
        return per_process.get()

    with ThreadPoolExecutor(8) as threads:
        values = set(threads.map(ask, range(8)))
    assert len(made) == len(values) == 1


def test_a_taken_value_is_made_again() -> None:
    per_process = PerProcess(Resource)
    first = per_process.get()
    assert per_process.take() is first
    assert per_process.take() is None
    assert per_process.get() is not first


def test_a_child_makes_its_own_and_does_not_finalise_its_parents() -> None:
    finalised: list[int] = []

    class Socket(Resource):
        def __del__(self) -> None:
            finalised.append(os.getpid())

    per_process: PerProcess[Resource] = PerProcess(Socket)
    assert per_process.get().pid == os.getpid()

    def child() -> bool:
        own = per_process.get().pid == os.getpid()
        gc.collect()
        return own and not finalised

    assert exit_code_of(child) == 0


def test_a_lock_held_at_the_fork_does_not_block_the_child() -> None:
    codes: list[int] = []

    def make() -> Resource:
        if not codes:  # the child is forked while this process is in the middle of making
            codes.append(-1)
            codes[0] = exit_code_of(lambda: per_process.get().pid == os.getpid())
        return Resource()

    per_process = PerProcess(make)
    per_process.get()
    assert codes == [0]
