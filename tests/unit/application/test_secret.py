"""Secret parameters are fields of the handler's payload: what names another would hide nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, Field

from pooljobs import DeclarationError, JobContext, PoolJobs


@dataclass
class Login:
    user: str
    password: str


class Account(BaseModel):
    token: str = Field(alias="apiToken", serialization_alias="api_token")


def plain(token: str, to: str, ctx: JobContext) -> None: ...
def extra(to: str, **others: str) -> None: ...
def whole(login: Login) -> None: ...
def anything(payload: Any) -> None: ...
def model(account: Account) -> None: ...


def secret_of(function: Callable[..., Any], *names: str) -> frozenset[str]:
    return PoolJobs().job(secret=names)(function).secret


def test_what_is_declared() -> None:
    assert secret_of(plain) == frozenset()
    assert secret_of(plain, "token") == {"token"}
    assert secret_of(whole, "password") == {"password"}
    assert secret_of(extra, "token") == {"token"}
    assert secret_of(anything, "token") == {"token"}


@pytest.mark.parametrize("name", ["token", "apiToken"])
def test_a_models_field_is_secret_under_all_its_names(name: str) -> None:
    assert secret_of(model, name) == {"token", "apiToken", "api_token"}


@pytest.mark.parametrize(("function", "name"), [(plain, "tokn"), (plain, "ctx"), (whole, "login"), (model, "user")])
def test_a_name_that_no_payload_has_is_refused(function: Callable[..., Any], name: str) -> None:
    with pytest.raises(DeclarationError, match=rf"secret names {name}, which is no field") as refused:
        secret_of(function, name)
    assert "its payload has:" in str(refused.value.hint)


@pytest.mark.parametrize("secret", ["token", {"token"}, (1,)])
def test_anything_but_a_tuple_of_names_is_refused(secret: Any) -> None:
    with pytest.raises(DeclarationError, match="secret must be a tuple of names"):
        PoolJobs().job(secret=secret)(plain)
