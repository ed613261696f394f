"""Tags and meta of a job: what its enqueuer says of it, for people to find it by and for its handler to read.

Both are JSON in the database. What is too much is refused where it is given; ``functions/checked_labels.sql`` has the
same limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from pooljobs.errors import OptionError

MOST_TAGS: Final = 16
LONGEST_TAG: Final = 64
"""Characters."""

LARGEST_META: Final = 4096
"""Bytes of JSON as PostgreSQL writes it: a blank behind each comma and colon."""

_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def checked_tags(tags: object) -> tuple[str, ...]:
    """The tags, each once, in their order.

    Raises:
        OptionError: They are none, or too many, or one is too long.
    """
    if isinstance(tags, str | bytes | Mapping) or not isinstance(tags, Iterable):
        raise OptionError(f"tags must be a sequence of strings, not {tags!r:.80}", hint='of one alone: tags=["import"]')
    found = tuple(dict.fromkeys(map(_checked_tag, tags)))
    if len(found) > MOST_TAGS:
        hint = "put what tells this job from all others into meta"
        raise OptionError(f"a job has at most {MOST_TAGS} tags, not {len(found)}", hint=hint)
    return found


def _checked_tag(tag: object) -> str:
    if not isinstance(tag, str) or not tag:
        raise OptionError(f"a tag must be a non-empty string, not {tag!r:.80}")
    if len(tag) > LONGEST_TAG:
        hint = "put what is longer into meta"
        raise OptionError(f"a tag has at most {LONGEST_TAG} characters, and {tag[:40]!r}… has {len(tag)}", hint=hint)
    if "\0" in tag or any("\ud800" <= character <= "\udfff" for character in tag):
        raise OptionError(f"tag {tag!r} contains a character that PostgreSQL cannot store")
    return tag


def encoded_tags(tags: Sequence[str]) -> bytes:
    """As they are stored, where there are any."""
    return json.dumps(tags, ensure_ascii=False).encode()


def encoded_meta(meta: object) -> bytes | None:
    """As it is stored; None, which is null, for an empty one.

    Raises:
        OptionError: It is no mapping of names to JSON values, or too large.
    """
    if not isinstance(meta, Mapping):
        hint = 'as in meta={"customer": 7}'
        raise OptionError(f"meta must be a mapping of names to JSON values, not {meta!r:.80}", hint=hint)
    sizes = {name: len(_encoded(name, value)) for name, value in meta.items()}
    encoded = _json(dict(meta))
    if len(encoded) > LARGEST_META:
        largest = max(sizes, key=lambda name: sizes[name])
        hint = f"{largest!r:.80} takes most of it; put what the handler works on into the payload"
        raise OptionError(f"meta has at most {LARGEST_META:,} bytes of JSON, not {len(encoded):,}", hint=hint)
    return encoded if meta else None


def _encoded(name: object, value: Any) -> bytes:
    if not isinstance(name, str):
        raise OptionError(f"meta: a name must be a string, not {name!r:.80}")
    try:
        encoded = _json({name: value})
        orjson.loads(encoded)  # what is nested too deeply for that was not too deep for each version of Python
    except (TypeError, ValueError, RecursionError) as error:
        hint = "strings, numbers, booleans, None, and lists and dicts of them can be stored"
        raise OptionError(f"meta[{name!r:.80}] is not JSON: {error}", hint=hint) from error
    if _NUL.search(encoded.decode()):
        raise OptionError(f"meta[{name!r:.80}] contains a NUL character, which PostgreSQL cannot store")
    return encoded


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
