"""A slot's words, entries and wakes, as written by one process and read by another view."""

from __future__ import annotations

import os
import struct
from time import monotonic_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.scoreboard import Activity, EntryState, HeldJob, Role, Scoreboard, Slot, SlotState, Wanted
from pooljobs.scoreboard.layout import IDENTITY_WORDS, At, Layout
from tests.unit.scoreboard.conftest import ENTRIES

NUMBERS = [
    "pid", "ordinal", "worker_id", "heartbeat_ns", "leased_until_ns", "turn_since_ns", "exit_status", "killed",
    "killed_ns", "shortest_limit_ns",
    "claimed", "completed", "failed", "retried", "released", "lost",
]  # fmt: skip
ID = bytes(range(16))
int64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)


def test_each_word_keeps_its_own_value(slot: Slot) -> None:
    for number, name in enumerate(NUMBERS, start=-3):
        setattr(slot, name, number)
    slot.state, slot.role, slot.wanted, slot.activity = SlotState.DEAD, Role.STEWARD, Wanted.RELEASE, Activity.SETTLING
    for index in range(4):
        slot.backends[index] = 1000 + index
    slot.hold(0, ID, 1, 1)
    slot.hold(ENTRIES - 1, ID, 2, 2)

    assert [getattr(slot, name) for name in NUMBERS] == list(range(-3, len(NUMBERS) - 3))
    assert (slot.state, slot.role, slot.wanted, slot.activity) == (
        SlotState.DEAD,
        Role.STEWARD,
        Wanted.RELEASE,
        Activity.SETTLING,
    )
    assert slot.backends.tolist() == [1000, 1001, 1002, 1003]


def test_slots_do_not_touch_each_other(board: Scoreboard) -> None:
    middle = board.slot(1)
    middle.words[:] = memoryview(b"\x01" * middle.words.nbytes).cast("q")
    assert not any(board.slot(0).words.tolist())
    assert not any(board.slot(2).words.tolist())


@pytest.mark.hazard("A reader of the scoreboard sees half of an entry, or half of two")
@pytest.mark.parametrize(
    ("word", "name", "expected"),
    [
        (At.STATE, "state", SlotState.BOOTING),
        (At.ROLE, "role", Role.WORKER),
        (At.WANTED, "wanted", Wanted.DRAIN),
        (At.ACTIVITY, "activity", Activity.NONE),
    ],
)
def test_a_number_without_a_name_reads_as_harmless(slot: Slot, word: At, name: str, expected: object) -> None:
    slot.words[word] = 77
    assert getattr(slot, name) is expected
    slot.words[word] = -1
    assert getattr(slot, name) is expected


def test_an_entry_without_a_named_state_counts_as_running(slot: Slot) -> None:
    slot.hold(2, ID, 1, 1)
    slot.states[2] = 99
    assert [job.state for job in slot.held()] == [EntryState.RUNNING]


def test_a_held_job_goes_through_its_states(slot: Slot) -> None:
    slot.hold(3, ID, 5, -6)
    assert slot.held() == [HeldJob(3, ID, 5, -6, EntryState.CLAIMED, 0)]
    slot.start(3, 123)
    assert slot.held() == [HeldJob(3, ID, 5, -6, EntryState.RUNNING, 123)]
    slot.mark(3, EntryState.DONE)
    assert slot.held() == [HeldJob(3, ID, 5, -6, EntryState.DONE, 123)]
    slot.mark(3, EntryState.FAILED)
    assert slot.held() == [HeldJob(3, ID, 5, -6, EntryState.FAILED, 123)]
    slot.free(3)
    assert slot.held() == []


def test_a_new_job_does_not_show_the_start_of_the_old_one(slot: Slot) -> None:
    slot.hold(0, ID, 1, 1)
    slot.start(0, 99)
    slot.free(0)
    slot.hold(0, ID, 2, 2)
    assert slot.held()[0].started_ns == 0


def test_mark_running_notes_the_time(slot: Slot) -> None:
    slot.hold(0, ID, 1, 1)
    before = monotonic_ns()
    slot.mark(0, EntryState.RUNNING)
    assert before <= slot.held()[0].started_ns <= monotonic_ns()


@given(
    jobs=st.lists(st.tuples(st.binary(min_size=16, max_size=16), int64, int64), max_size=ENTRIES),
)
def test_what_is_held_is_read_back_exactly(jobs: list[tuple[bytes, int, int]]) -> None:
    board = Scoreboard.create(slots=1, entries=ENTRIES)
    slot = board.slot(0)
    for entry, (job_id, fence, token) in enumerate(jobs):
        slot.hold(entry, job_id, fence, token)
    read = [(job.job_id, job.fence, job.token) for job in slot.held()]
    board.close()
    assert read == jobs


def test_an_entry_beyond_the_table_is_refused(slot: Slot) -> None:
    with pytest.raises(struct.error):
        slot.hold(ENTRIES, ID, 1, 1)
    with pytest.raises(IndexError):
        slot.mark(ENTRIES, EntryState.DONE)
    assert slot.held() == []


@pytest.mark.hazard("A reader of the scoreboard sees half of an entry, or half of two")
@pytest.mark.parametrize("whole", [True, False])
def test_an_entry_filled_anew_while_it_is_read_is_left_out(slot: Slot, *, whole: bool) -> None:
    """The reader has the old state, and the new job's words or a part of them: it must not pair them."""
    slot.hold(0, ID, 1, 1)
    slot.mark(0, EntryState.DONE)
    real_states = slot.states

    class Changing:
        """Stands for a worker that frees and fills the entry between two looks of the reader."""

        def tolist(self) -> list[int]:
            return real_states.tolist()

        def __getitem__(self, entry: int) -> int:
            number = int(real_states[entry])
            slot.states = real_states
            slot.free(0)
            if whole:
                slot.hold(0, ID[::-1], 2, 2)
            else:
                slot._identities[:8] = struct.pack("@q", 2)
            return number

    slot.states = Changing()  # type: ignore[assignment] # a stand-in for the memory view
    assert slot.held() == []


@pytest.mark.parametrize("entries", [1, 8, 1000])
def test_clear_leaves_nothing(entries: int) -> None:
    board = Scoreboard.create(slots=1, entries=entries)
    slot = board.slot(0)
    slot.words[:] = memoryview(b"\x01" * slot.words.nbytes).cast("q")
    slot.wake()
    slot.clear()
    used = Layout(entries).identities + IDENTITY_WORDS * entries
    assert not any(slot.words[:used].tolist())
    assert slot.state is SlotState.FREE
    assert slot.held() == []
    with pytest.raises(BlockingIOError):
        os.read(slot.wake_fd, 1)
    board.close()


@pytest.mark.hazard("A wake is taken by one who is dead or stopped")
def test_wakes_never_block_and_are_drained_together(slot: Slot) -> None:
    for _ in range(100_000):  # more than a pipe holds
        slot.wake()
    slot.drain_wakes()
    with pytest.raises(BlockingIOError):
        os.read(slot.wake_fd, 1)
    slot.wake()
    assert os.read(slot.wake_fd, 10) == b"w"


def test_limits_are_of_one_job(slot: Slot) -> None:
    slot.hold(1, ID, 1, 1)
    slot.limit(1, 50, 60)
    slot.start(1, 10)
    assert slot.running() == [HeldJob(1, ID, 1, 1, EntryState.RUNNING, 10, soft_ns=50, hard_ns=60)]
    slot.limit(1, 0, 0)
    slot.mark(1, EntryState.DONE)
    assert slot.running() == []
    assert slot.held() == [HeldJob(1, ID, 1, 1, EntryState.DONE, 10)]


def test_a_cancellation_is_asked_for_once_and_meets_no_later_job(slot: Slot) -> None:
    assert not slot.ask_cancel(0, 7)
    slot.hold(0, ID, 1, 7)
    assert not slot.ask_cancel(0, 8)
    assert not slot.cancel_asked(0, 7)
    assert slot.ask_cancel(0, 7)
    assert slot.cancel_asked(0, 7)
    assert [(job.cancel_asked, job.cancel_delivered) for job in slot.held()] == [(True, False)]
    slot.cancel_delivered(0, 7)
    assert slot.ask_cancel(0, 7)
    assert not slot.cancel_asked(0, 7)
    assert [(job.cancel_asked, job.cancel_delivered) for job in slot.held()] == [(True, True)]
    slot.free(0)
    slot.hold(0, ID, 2, 8)
    assert [(job.cancel_asked, job.cancel_delivered) for job in slot.held()] == [(False, False)]


def test_a_job_is_given_back_or_cancelled_and_whoever_asks_knows_which(slot: Slot) -> None:
    slot.hold(0, ID, 1, 7)
    assert slot.ask_cancel(0, 7)
    assert not slot.give_back(0, 7)
    slot.hold(1, ID, 1, 8)
    assert slot.give_back(1, 8)
    assert not slot.ask_cancel(1, 8)
    assert [(job.state, job.started_ns, job.begun) for job in slot.held()] == [(EntryState.GIVEN_BACK, 0, False)] * 2


class GivesBackMeanwhile:
    """A column of states in which the job is given back between two looks."""

    def __init__(self, slot: Slot) -> None:
        self.slot, self.states, self.went_back = slot, slot.states, False

    def __getitem__(self, entry: int) -> int:
        found = self.states[entry]
        self.slot.states = self.states
        self.went_back = self.slot.give_back(entry, 7)
        return found


def test_a_request_that_crosses_the_giving_back_is_not_taken_for_heard(slot: Slot) -> None:
    slot.hold(0, ID, 1, 7)
    slot.states = meanwhile = GivesBackMeanwhile(slot)  # type: ignore[assignment]
    assert not slot.ask_cancel(0, 7)
    assert meanwhile.went_back


def test_nothing_is_asked_of_an_entry_where_nothing_was_asked(slot: Slot) -> None:
    for token in (0, -1, 1, -(2**63), 2**63 - 1):
        slot.hold(0, ID, 1, token)
        assert not slot.cancel_asked(0, token)
        assert [(job.cancel_asked, job.cancel_delivered) for job in slot.held()] == [(False, False)]


def test_a_stack_is_kept_as_far_as_there_is_room(slot: Slot) -> None:
    assert slot.stack == b""
    slot.stack = b"File 1"
    assert slot.stack == b"File 1"
    slot.stack = b"x" * 100_000
    assert slot.stack == b"x" * 8192
    slot.clear()
    assert slot.stack == b""


@pytest.mark.parametrize(
    ("names", "kept"),
    [([], 0), (["mail"], 1), (["ä", "two\nlines", ""], 3), ([f"{n:0200}" for n in range(1000)], 81)],
)
def test_names_of_job_types_are_kept_whole_as_many_as_fit(board: Scoreboard, names: list[str], kept: int) -> None:
    slot = board.slot(0)
    slot.job_types = names
    assert slot.job_types == names[:kept]
    slot.job_types = ["mail"]
    assert slot.job_types == ["mail"]
    slot.clear()
    assert slot.job_types == []


def test_a_held_job_knows_the_number_of_its_type(board: Scoreboard) -> None:
    slot = board.slot(0)
    slot.hold(0, ID, 1, 1, 7)
    slot.hold(1, ID, 1, 2)
    assert [job.type_number for job in slot.held()] == [7, 0]
