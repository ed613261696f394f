"""A handler's former names: it is found by any of them, and nobody else may have one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pooljobs import DeclarationError, PoolJobs


def declared(app: PoolJobs, name: str, *aliases: str) -> Callable[..., Any]:
    return app.job(name=name, aliases=aliases)(lambda: None)


def test_a_handler_is_found_by_its_name_and_by_each_alias() -> None:
    app = PoolJobs()
    task = declared(app, "send", "mail", "post")
    assert dict(app.registry) == {"send": task, "mail": task, "post": task}


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (("send",), ("post", "send"), "send"),
        (("post", "send"), ("send",), "send"),
        (("a", "mail"), ("b", "mail"), "mail"),
        (("a", "mail"), ("b", "post", "a"), "a"),
    ],
)
def test_a_name_that_another_job_has_is_refused_in_either_order(
    first: Sequence[str], second: Sequence[str], taken: str
) -> None:
    app = PoolJobs()
    task = declared(app, *first)
    with pytest.raises(DeclarationError, match=rf"two jobs are named '{taken}': {__file__}:\d+ and {__file__}:\d+"):
        declared(app, *second)
    assert set(app.registry.values()) == {task}  # nothing of the second stays behind
    assert set(app.registry) == set(first)


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        ("old", "send: aliases must be a tuple of names, not 'old'"),
        ({"old"}, r"send: aliases must be a tuple of names, not \{'old'\}"),
        (("send",), "send: 'send' is named twice"),
        (("old", "old"), "send: 'old' is named twice"),
        (("",), "send: an alias must be a non-empty string"),
        ((1,), "send: an alias must be a non-empty string"),
        (("x" * 201,), "send: an alias must have at most 200 characters"),
    ],
)
def test_what_is_no_list_of_other_names_is_refused(aliases: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        PoolJobs().job(name="send", aliases=aliases)(lambda: None)


@pytest.mark.parametrize("extra", ["forbid", "allow", None, True, ["ignore"]])
def test_extra_is_refuse_or_ignore(extra: Any) -> None:
    with pytest.raises(DeclarationError, match="send: extra must be 'refuse' or 'ignore'"):
        PoolJobs().job(name="send", extra=extra)(lambda: None)


def test_a_declaration_may_tolerate_what_its_handler_does_not_take() -> None:
    @PoolJobs().job(extra="ignore")
    def send(to: str) -> None: ...

    assert send.binder.check({"to": "x", "urgent": True}) == ((), {"to": "x"})
