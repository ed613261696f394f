"""Our pools keep silent, and nobody else's."""

from __future__ import annotations

import logging

import pytest
from psycopg_pool import ConnectionPool

from pooljobs.db.connect import child_pool
from pooljobs.db.pool_log import LOGGER
from tests.support.waiting import wait_until

NOWHERE = "host=127.0.0.1 port=1 connect_timeout=2"


def test_the_applications_own_pools_are_heard_beside_ours(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger(LOGGER)
    before, filters = logger.level, list(logger.filters)
    try:
        with (
            caplog.at_level(logging.WARNING),
            child_pool(NOWHERE, size=1, application_name="pooljobs worker-7 (pid 1)") as ours,
            ConnectionPool(NOWHERE, min_size=1, name="theirs", open=True),
        ):
            for _ in range(2):
                with pytest.raises(Exception, match="couldn't get a connection"):
                    ours.getconn(timeout=0.2)
            wait_until(lambda: "error connecting in 'theirs'" in caplog.text, what="their pool to be heard")
        assert logger.level == before
        assert "worker-7" not in caplog.text
    finally:
        logger.filters[:] = filters
