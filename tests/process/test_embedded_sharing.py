"""Many users, one server: the first starts it, the last stops it, whatever becomes of those between."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from pooljobs.embedded import acquire, stop_unused
from pooljobs.errors import EmbeddedError
from tests.support.embedded import FAST, EmbeddedUser, ask, postmaster, runs
from tests.support.forking import exit_code_of
from tests.support.waiting import wait_until


def test_a_cold_start_gives_a_server_that_is_safe_and_private(cold_root: Path) -> None:
    with acquire(cold_root) as server:
        assert server.started
        assert server.root == cold_root
        assert ask(server.dsn, "SELECT current_user || ' ' || current_database()") == "pooljobs postgres"
        assert int(ask(server.dsn, "SHOW server_version_num")) >= 140000
        settings = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "server_encoding")
        assert [ask(server.dsn, f"SHOW {name}") for name in settings] == ["on", "on", "on", "", "UTF8"]
        assert int(ask(server.dsn, "SHOW max_connections")) == 200
        assert (cold_root / "data").stat().st_mode & 0o777 == 0o700
    assert not runs(cold_root)


def test_settings_reach_the_server(embedded_root: Path) -> None:
    with acquire(embedded_root, settings={"work_mem": "7MB", "max_connections": "21"}) as server:
        assert ask(server.dsn, "SHOW work_mem") == "7MB"
        assert ask(server.dsn, "SHOW max_connections") == "21"


def test_what_was_committed_is_there_after_the_next_start(embedded_root: Path) -> None:
    with acquire(embedded_root) as server, psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    with acquire(embedded_root) as server:
        assert server.started
        assert ask(server.dsn, "SELECT value FROM kept") == 42


def test_a_second_use_adopts_the_server_and_the_first_to_close_leaves_it_running(embedded_root: Path) -> None:
    first = acquire(embedded_root, settings=FAST)
    with acquire(embedded_root) as second:
        assert (first.started, second.started) == (True, False)
        assert first.dsn == second.dsn
        first.close()
        assert ask(second.dsn, "SELECT 1") == 1
    assert not runs(embedded_root)


def test_closing_twice_counts_once(embedded_root: Path) -> None:
    first, second = acquire(embedded_root, settings=FAST), acquire(embedded_root)
    first.close()
    first.close()
    assert runs(embedded_root)
    second.close()
    assert not runs(embedded_root)


def test_the_last_process_out_stops_the_server_that_another_started(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root) as first, EmbeddedUser(embedded_root) as second:
        assert (first.started, second.started) == (True, False)
        assert first.leave() == 0
        assert ask(second.dsn, "SELECT 1") == 1
        assert second.leave() == 0
        assert not runs(embedded_root)


def test_a_process_that_never_closes_stops_the_server_when_it_ends(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root, closes=False) as user:
        assert user.leave() == 0
        assert not runs(embedded_root)


def test_a_killed_user_does_not_keep_the_server_up(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root) as killed, EmbeddedUser(embedded_root) as other:
        killed.process.kill()
        killed.process.wait()
        assert ask(other.dsn, "SELECT 1") == 1
        assert other.leave() == 0
        assert not runs(embedded_root)


def test_a_server_whose_users_were_all_killed_is_adopted_and_then_stopped(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root) as killed:
        pid = postmaster(embedded_root)
        killed.process.kill()
        killed.process.wait()
    with acquire(embedded_root) as server:
        assert not server.started
        assert postmaster(embedded_root) == pid
    assert not runs(embedded_root)


@pytest.mark.hazard("The end comes in the wrong order")
def test_ctrl_c_does_not_reach_the_server(embedded_root: Path) -> None:
    with EmbeddedUser(embedded_root) as user:
        pid = postmaster(embedded_root)
        assert os.getsid(pid) == pid
        with acquire(embedded_root) as server:
            os.killpg(user.process.pid, signal.SIGINT)
            user.process.wait(60)
            assert ask(server.dsn, "SELECT 1") == 1
            assert postmaster(embedded_root) == pid


def test_a_forked_child_can_close_without_ending_its_parents_use(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST) as server:

        def closed_in_a_child() -> bool:
            server.close()
            server.close()
            return True

        assert exit_code_of(closed_in_a_child) == 0
        other = acquire(embedded_root)
        other.close()  # would be the last, had the child unlocked for its parent
        assert ask(server.dsn, "SELECT 1") == 1
    assert not runs(embedded_root)


def test_a_child_that_outlives_its_parent_counts_as_a_user(embedded_root: Path) -> None:
    reader, writer = os.pipe()
    until, go = os.pipe()
    parent = os.fork()
    if parent == 0:
        acquire(embedded_root, settings=FAST)
        if os.fork() == 0:
            os.write(writer, b"%d\n" % os.getpid())
            os.read(until, 1)
        os._exit(0)
    os.close(writer)
    os.waitpid(parent, 0)
    assert os.read(reader, 20)
    with acquire(embedded_root) as server:
        assert not server.started
    assert runs(embedded_root)
    os.write(go, b"x")
    assert os.read(reader, 20) == b""  # the grandchild is gone
    acquire(embedded_root).close()
    assert not runs(embedded_root)
    for file in (reader, until, go):
        os.close(file)


def test_four_cold_racers_share_one_server(cold_root: Path) -> None:
    with ExitStack() as racing:
        racers = [EmbeddedUser(cold_root) for _ in range(4)]
        for racer in racers:
            racing.enter_context(racer)
        assert sum(racer.started for racer in racers) == 1
        assert len({racer.dsn for racer in racers}) == 1
        assert [racer.leave() for racer in racers] == [0] * 4
    assert not runs(cold_root)


def test_comers_and_goers_never_get_a_server_that_is_going(embedded_root: Path) -> None:
    with ExitStack() as racing:
        for _ in range(5):
            leaving = racing.enter_context(EmbeddedUser(embedded_root))
            coming = EmbeddedUser(embedded_root)
            leaving.leave()
            racing.enter_context(coming)  # its query went through
            coming.leave()
    assert not runs(embedded_root)


def test_a_starter_that_hangs_is_not_waited_for_for_ever(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST):
        pidfile = embedded_root / "data" / "postmaster.pid"
        told = pidfile.read_text()
        pidfile.write_text(told.replace("ready   ", "starting"))
        with pytest.raises(EmbeddedError, match=r"pid \d+, is starting for too long"):
            acquire(embedded_root, timeout=0.1)
        pidfile.write_text(told)
        acquire(embedded_root).close()


def test_a_held_start_lock_is_an_error_in_the_end(cold_root: Path) -> None:
    from pooljobs.embedded.users import alone

    cold_root.mkdir()
    with alone(cold_root / "start.lock", deadline=0.0), pytest.raises(EmbeddedError, match="still starting"):
        acquire(cold_root, timeout=0.1)


def test_a_stop_waits_until_the_sessions_are_gone(embedded_root: Path) -> None:
    with acquire(embedded_root, settings=FAST) as server:
        connection = psycopg.connect(server.dsn)
        backend = connection.info.backend_pid
    assert not runs(embedded_root)
    wait_until(lambda: not Path(f"/proc/{backend}").exists(), what="the backend to be gone")
    connection.close()


def test_a_directory_that_was_moved_away_is_an_error_of_ours(embedded_root: Path) -> None:
    elsewhere = embedded_root.with_name("elsewhere")
    server = acquire(embedded_root)
    embedded_root.rename(elsewhere)
    with pytest.raises(EmbeddedError, match="cannot leave the embedded PostgreSQL"):
        server.close()
    elsewhere.rename(embedded_root)
    stop_unused(embedded_root)
    assert not runs(embedded_root)


def test_where_there_is_no_directory_nothing_has_to_be_stopped(cold_root: Path) -> None:
    stop_unused(cold_root)
    assert not cold_root.exists()
