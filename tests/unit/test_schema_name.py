"""Names of schemas: what PostgreSQL would refuse or cut is refused at once, wherever it is given."""

from __future__ import annotations

import pytest

from pooljobs import PoolJobs
from pooljobs.db.database import open_database
from pooljobs.db.schema.migrator import migrate
from pooljobs.errors import OptionError
from pooljobs.schema_name import check_schema
from tests.support.schema_names import ODD, REFUSED

NOWHERE = "host=/nowhere"


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_names(name: str) -> None:
    check_schema(name)
    assert PoolJobs(NOWHERE, schema=name).schema == name


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused_before_anything_is_connected_to(name: str) -> None:
    app = PoolJobs(NOWHERE)
    with pytest.raises(OptionError, match="schema"):
        PoolJobs(NOWHERE, schema=name)
    with pytest.raises(OptionError, match="schema"):
        app.use_dsn(NOWHERE, schema=name)
    with pytest.raises(OptionError, match="schema"):
        migrate(NOWHERE, name)
    with pytest.raises(OptionError, match="schema"), open_database(NOWHERE, schema=name):
        pass
