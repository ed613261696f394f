from __future__ import annotations

import pytest

from pooljobs.errors import RefusedError
from pooljobs_cli.chaos import pooler


def test_where_there_is_none_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooler, "PROGRAM", "no-such-bouncer")
    with pytest.raises(RefusedError, match="apt-get install no-such-bouncer"):
        pooler.find_pooler()
