from __future__ import annotations

import errno
import os

import psycopg
import pytest
from psycopg import errors as pg

from pooljobs.errors import AppLoadError, NotFoundError
from pooljobs.exit_codes import ExitCode
from pooljobs_cli.command_failures import guarded, report


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def told(error: Exception, capsys: pytest.CaptureFixture[str], *, show_traceback: bool = False) -> tuple[ExitCode, str]:
    code = report(raised(error), show_traceback=show_traceback)
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


def test_an_error_of_ours_is_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(NotFoundError("no [bold] job", hint="look elsewhere"), capsys)
    assert code is ExitCode.NOT_FOUND
    assert text == "error: no [bold] job\nhint: look elsewhere\n"


def test_without_a_hint_it_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(NotFoundError("no job"), capsys)[1] == "error: no job\n"


def test_an_answer_that_is_too_large_is_no_lost_database(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(psycopg.errors.ProgramLimitExceeded("out of memory"), capsys)
    assert code is ExitCode.REFUSED
    assert text.startswith("error: the database cannot do that at once: out of memory\nhint: ask for less")


def test_the_traceback_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = told(NotFoundError("no job"), capsys, show_traceback=True)
    assert "Traceback" in text
    assert text.endswith("error: no job\n")


def test_the_hint_is_shown_once_beside_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = told(NotFoundError("no job", hint="look elsewhere"), capsys, show_traceback=True)
    assert text.endswith("NotFoundError: no job\nerror: no job\nhint: look elsewhere\n")
    assert text.count("look elsewhere") == 1


def test_the_users_own_traceback_is_always_shown(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = told(AppLoadError("importing x raised", traceback="Traceback: [x]\n"), capsys)
    assert text == "Traceback: [x]\nerror: importing x raised\n"


def test_an_outage_during_a_command_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(psycopg.OperationalError("server closed the connection\nmore"), capsys)
    assert code is ExitCode.DATABASE_UNREACHABLE
    assert text.startswith("error: lost the database: server closed the connection\nhint: ")


def test_a_missing_right_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(psycopg.errors.InsufficientPrivilege("permission denied"), capsys)
    assert code is ExitCode.DATABASE_REFUSED
    assert "grant" in text


@pytest.mark.parametrize("error", [pg.QueryCanceled, pg.ObjectNotInPrerequisiteState, pg.RaiseException, pg.IoError])
def test_what_the_server_refuses_is_no_bug(error: type[psycopg.Error], capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(error("what it says"), capsys)
    assert code in (ExitCode.DATABASE_REFUSED, ExitCode.DATABASE_UNREACHABLE)
    assert "what it says" in text
    assert "bug" not in text


@pytest.mark.parametrize("error", [pg.SyntaxError, pg.UndefinedColumn, pg.InvalidTextRepresentation])
def test_what_a_statement_of_ours_does_wrong_is_a_bug(
    error: type[psycopg.Error], capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = told(error("what it says"), capsys)
    assert code is ExitCode.INTERNAL
    assert "bug in pooljobs" in text


def test_nothing_that_the_server_says_is_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(psycopg.errors.QueryCanceled("canceling statement due to statement timeout"), capsys)
    assert code is ExitCode.DATABASE_REFUSED
    assert text.startswith(
        "error: the database refused: canceling statement due to statement timeout\nhint: see statem"
    )
    code, text = told(psycopg.errors.UndefinedTable('relation "x" does not exist'), capsys)
    assert code is ExitCode.NOT_MIGRATED
    assert "hint: run: pooljobs migrate" in text


def test_anything_else_is_a_bug_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(KeyError("x"), capsys)
    assert code is ExitCode.INTERNAL
    assert "Traceback" in text
    assert "bug in pooljobs" in text


def test_guarded_gives_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: None, show_traceback=False) == 0
    assert guarded(lambda: int("x"), show_traceback=False) == ExitCode.INTERNAL
    assert "ValueError" in capsys.readouterr().err


def test_a_server_that_takes_no_writes_has_not_gone_away(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"), capsys)
    assert code is ExitCode.DATABASE_UNSUPPORTED
    assert text.startswith("error: the server is read-only: cannot execute INSERT\nhint: ")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files", "x.py"), ("Too many open files (the limit is ", "ulimit -n")),
        (OSError(errno.ENFILE, "Too many open files in system"), ("error: Too many open files in system\n", "ulimit")),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", os.devnull),
            ("/dev/null: No such", "mount /dev"),
        ),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), ("['/tmp']", "TMPDIR")),
    ],
    ids=["descriptors", "of the system", "no /dev/null", "no temporary directory"],
)
def test_what_the_system_lacks_is_no_bug(
    error: OSError, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = told(error, capsys)
    assert code is ExitCode.EXHAUSTED
    assert all(word in text for word in words), text


def test_other_errors_of_the_system_may_be_bugs(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(FileNotFoundError(errno.ENOENT, "No such file or directory", "nowhere"), capsys)
    assert code is ExitCode.INTERNAL
    assert "Traceback" in text


def test_bytes_that_are_no_text_are_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    """Python hands them on in the arguments, and they come to nothing where they are encoded."""
    with pytest.raises(UnicodeEncodeError) as caught:
        "night\udcff".encode()
    code, text = told(caught.value, capsys)
    assert code is ExitCode.USAGE
    assert text.startswith("error: not text in UTF-8: 'night\\udcff'\nhint: ")
