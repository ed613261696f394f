"""Where ``--preload`` can be had."""

from __future__ import annotations

import pytest

from pooljobs.errors import RefusedError
from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.zygote.subreaper import require_adoption


def test_preload_is_refused_where_nobody_can_adopt() -> None:
    with pytest.raises(RefusedError, match="--preload needs Linux: on darwin") as refused:
        require_adoption("darwin")
    assert refused.value.exit_code is ExitCode.REFUSED
    assert refused.value.hint is not None
    require_adoption("linux")
