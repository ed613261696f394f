"""How an enqueue is unique, as the database is told; and the digest that stands for its key there.

The SQL function ``enqueue`` makes the same digest (``sql/functions/enqueue_unique.sql``), so that it does not matter
who enqueues. Nothing of the payload can be read in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import repeat
from typing import Any, NamedTuple

from pooljobs.errors import OptionError
from pooljobs.job.jsonb_text import jsonb_text, parsed
from pooljobs.job.options import EnqueueOptions


class UniqueRule(NamedTuple):
    """Checked values of ``Unique`` or ``Debounce``, and of an enqueue's options.

    Attributes:
        by: Fields of the payload that are the key; None: all of it.
        until_start: The key is free once the job has begun.
        within: Seconds for which the key is held in any case.
        on_conflict: ``skip``, ``replace``, ``reschedule`` or ``raise``.
        wait: Seconds until a debounced job runs, where the enqueue says nothing else.
        most: Seconds from its enqueue up to which a job can be put off.
        key: What the enqueue gave as the key, in the place of the payload.
    """

    by: tuple[str, ...] | None = None
    until_start: bool = False
    within: float | None = None
    on_conflict: str = "skip"
    wait: float | None = None
    most: float | None = None
    key: str | None = None

    @property
    def replaces(self) -> bool:
        """Whether a job that is there may get another payload."""
        return self.on_conflict == "replace"

    def digest(self, job_type: str, payload: bytes) -> bytes:
        """32 bytes that stand for the key of a job with this payload."""
        return self.digests(job_type, (payload,))[0]

    def digests(self, job_type: str, payloads: Sequence[bytes]) -> list[bytes]:
        """The same of many jobs of one type."""
        kind = "key" if self.key is not None else "payload" if self.by is None else "by"
        begin = _before(job_type, kind)
        keys: Iterable[Any] = map(parsed, payloads) if self.key is None else repeat(self.key, len(payloads))
        if kind == "by":
            keys = map(self._chosen, keys)
        return [sha256(f"{begin}{jsonb_text(key)}]".encode()).digest() for key in keys]

    def published(self) -> str:
        """As workers publish it, for enqueues by SQL: a JSON object."""
        told = {
            "by": None if self.by is None else [*self.by],
            "until": "start" if self.until_start else "end",
            "within": self.within,
            "on_conflict": self.on_conflict,
            "wait": self.wait,
            "most": self.most,
        }
        return json.dumps({name: value for name, value in told.items() if value is not None})

    def _chosen(self, document: Any) -> dict[str, Any]:
        fields = document if type(document) is dict else {}
        return {name: fields.get(name) for name in self.by or ()}


@lru_cache(maxsize=256)
def _before(job_type: str, kind: str) -> str:
    """What the array of the three begins with."""
    return f"[{jsonb_text(job_type)}, {jsonb_text(kind)}, "


def rule_with(job_type: str, declared: UniqueRule | None, options: EnqueueOptions) -> UniqueRule | None:
    """The rule of a job that is enqueued with these options.

    Raises:
        OptionError: ``on_conflict`` is given for a job that is not unique.
    """
    if options.unique_key is None and options.on_conflict is None:
        return declared
    if declared is None and options.unique_key is None:
        hint = "declare it as @app.job(unique=True), or give a unique_key"
        raise OptionError(f"{job_type}: on_conflict is for unique jobs", hint=hint)
    rule = UniqueRule() if declared is None else declared
    conflict = rule.on_conflict if options.on_conflict is None else options.on_conflict
    return rule._replace(key=options.unique_key, on_conflict=conflict)
