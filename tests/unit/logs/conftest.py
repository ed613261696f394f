"""Keeps the test process's own logging as it was."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import pytest

from pooljobs.logs import name_process, process_name


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, name, show = list(root.handlers), root.level, process_name(), warnings.showwarning
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    warnings.showwarning = show
    name_process(name)
