"""What is sent arrives equal and of the class that the annotation names, or is refused where it is enqueued."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from pooljobs import DeclarationError, PayloadError
from pooljobs.payload.encoding import decode
from pooljobs.signature.binder import Binder, compile_binder
from pooljobs.signature.inspection import read_signature
from tests.support.annotated.all_kinds import ALL
from tests.support.annotated.annotation import Annotation

SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def declared(annotation: Annotation, name: str = "x", *, tolerant: bool = False) -> Binder | None:
    namespace: dict[str, Any] = {}
    exec(f"def handler({name}): ...", namespace)
    handler = namespace["handler"]
    handler.__annotations__ = {name: annotation.hint}
    try:
        return compile_binder("send", read_signature(handler, "send", tolerant=tolerant))
    except DeclarationError:
        return None


@pytest.mark.hazard(
    "A payload arrives as something else than was sent: a union's other member, a model without what its dump "
    "leaves out",
    closed="what would arrive is compared at the enqueue, unless it is proved "
    "(`shared/pooljobs/signature/comparison.py`)",
    area="enqueueing",
)
@pytest.mark.timeout(0)
@SLOW
@given(st.data(), ALL, st.booleans(), st.booleans())
def test_what_is_sent_arrives_or_is_refused(
    data: st.DataObject, annotation: Annotation, whole: bool, tolerant: bool
) -> None:
    binder = declared(annotation, "payload" if whole else "x", tolerant=tolerant)
    if binder is None:
        return
    sent = data.draw(annotation.values)
    note(f"{annotation.hint} {sent!r}")
    try:
        encoded = binder.encoded(binder.payload_of((sent,), {}))
    except PayloadError as error:
        note(str(error))
        return
    _, arrived = binder.check(decode(encoded))
    note(repr(arrived))
    (value,) = arrived.values()
    assert annotation.arrived(sent, value)


@pytest.mark.hazard(
    "A class of the user's raises what nobody expects while a payload is encoded, read or compared",
    closed="it is told as a refusal, with its place (`shared/pooljobs/signature/arguments.py`)",
    area="enqueueing",
)
@pytest.mark.timeout(0)
@SLOW
@given(st.data(), ALL, ALL, st.booleans())
def test_nothing_else_is_ever_raised(
    data: st.DataObject, annotation: Annotation, other: Annotation, tolerant: bool
) -> None:
    binder = declared(annotation, tolerant=tolerant)
    if binder is None:
        return
    sent = data.draw(other.values)
    note(f"{annotation.hint} {sent!r}")
    try:
        encoded = binder.encoded(binder.payload_of((sent,), {}))
    except PayloadError:
        return
    binder.check(decode(encoded))
