"""What the process that watches files tells the supervisor: a line of JSON a message, written in one piece. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

MOST_NAMED: Final = 3
"""Files of a change that are named; with the rest counted a message fits into what a pipe takes at once."""

LONGEST: Final = 150
"""Characters told of one name, from its end."""


@dataclass(frozen=True, slots=True)
class News:
    """Files that have changed; none at all: the watch has begun."""

    count: int = 0
    named: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What changed, in words.

        >>> str(News(1, ("jobs.py",))), str(News(5, ("a.py", "b.py", "c.py")))
        ('jobs.py', 'a.py, b.py, c.py and 2 more')
        """
        more = self.count - len(self.named)
        return ", ".join(self.named) + (f" and {more} more" if more else "")

    @classmethod
    def of(cls, paths: Collection[str], directories: Collection[str]) -> News:
        """Of these files, each named as seen from that of the directories which it lies in.

        >>> News.of({"/shop/b.py", "/shop/a/c.py", "/lib/x.py"}, ["/shop", "/lib"])
        News(count=3, named=('a/c.py', 'b.py', 'x.py'))
        """
        names = sorted(_seen_from(directories, path) for path in paths)
        return cls(len(names), tuple(name[-LONGEST:] for name in names[:MOST_NAMED]))


def line_of(news: News) -> bytes:
    r"""The message, at most 4096 bytes.

    >>> line_of(News(1, ("jobs.py",)))
    b'[1, ["jobs.py"]]\n'
    """
    return json.dumps([news.count, news.named]).encode() + b"\n"


def news_in(text: bytes) -> list[News]:
    """The messages in what was read, which is whole lines.

    >>> news_in(line_of(News()) + line_of(News(1, ("jobs.py",))))
    [News(count=0, named=()), News(count=1, named=('jobs.py',))]
    """
    return [News(count, tuple(named)) for count, named in map(json.loads, text.splitlines())]


def _seen_from(directories: Collection[str], path: str) -> str:
    file = PurePath(path)
    return min(
        (str(file.relative_to(each)) for each in directories if file.is_relative_to(each)), key=len, default=path
    )
