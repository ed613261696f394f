"""The tables of what arrives and of what is refused, in docs/handlers.md: each row is evaluated and tried."""

from __future__ import annotations

import re
import typing
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import Field

from pooljobs import PayloadError
from pooljobs.payload.encoding import decode
from pooljobs.signature.binder import Binder, compile_binder
from pooljobs.signature.inspection import read_signature
from tests.docs.blocks import ROOT


class Rank(IntEnum):
    FIRST = 1


NAMES: Mapping[str, Any] = {
    each.__name__: each
    for each in (OrderedDict, date, datetime, timedelta, timezone, Decimal, UUID, ZoneInfo, Rank, Field)
} | {name: getattr(typing, name) for name in ("Iterable", "Mapping", "Sequence", "AbstractSet", "Annotated", "Any")}


def rows(third: str) -> list[list[str]]:
    """Cells of the table of that third column; of each the code that it begins with."""
    text = (ROOT / "docs/handlers.md").read_text()
    lines = text[text.index(f"| Annotation | Sent | {third} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [re.split(r"(?<!\\) \| ", line.strip("| ").strip()) for line in lines]
    return [[re.sub(r"^`(.*?)`.*", r"\1", cell).replace("\\|", "|") for cell in row] for row in cells]


def binder_of(annotation: str) -> Binder:
    def handler(x, y=0): ...  # type: ignore[no-untyped-def] # noqa: ANN001,ANN202 - the row says what

    handler.__annotations__ = {"x": eval(annotation, dict(NAMES))}
    return compile_binder("send", read_signature(handler, "send"))


@pytest.mark.parametrize(("annotation", "sent", "arrives"), rows("Arrives"))
def test_what_arrives_otherwise(annotation: str, sent: str, arrives: str) -> None:
    binder = binder_of(annotation)
    wanted = eval(arrives, dict(NAMES))
    _, kwargs = binder.check(decode(binder.encoded({"x": eval(sent, dict(NAMES))})))
    assert kwargs["x"] == wanted
    assert type(kwargs["x"]) is type(wanted)
    assert repr(kwargs["x"]) == repr(wanted)


@pytest.mark.hazard("A payload arrives as something else than was sent")
@pytest.mark.parametrize(("annotation", "sent", "because"), rows("Because"))
def test_what_is_refused(annotation: str, sent: str, because: str) -> None:
    with pytest.raises(PayloadError):
        binder_of(annotation).encoded({"x": eval(sent, dict(NAMES))})


def test_the_tables_are_read() -> None:
    assert len(rows("Arrives")) == 7
    assert len(rows("Because")) == 10
