"""What the process that watches files tells: its examples, and that any message fits into a pipe in one piece."""

from __future__ import annotations

import doctest
import select

from pooljobs_supervisor.sources import watch_messages
from pooljobs_supervisor.sources.watch_messages import News, line_of, news_in


def test_the_examples_hold() -> None:
    failed, tried = doctest.testmod(watch_messages)
    assert (failed, tried > 0) == (0, True)


def test_names_of_any_kind_and_length_arrive_in_one_piece() -> None:
    paths = [f"/shop/{n}/" + "\udcff\u200b\n" * 2000 + ".py" for n in range(1000)]
    told = News.of(paths, ["/shop"])
    assert (told.count, len(told.named)) == (1000, 3)
    line = line_of(told)
    assert len(line) <= select.PIPE_BUF
    assert news_in(line * 2) == [told, told]
