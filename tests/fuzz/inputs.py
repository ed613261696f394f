"""What the properties are given: JSON, connection strings and words, with what is known to be hard more often."""

from __future__ import annotations

from datetime import UTC, timedelta

from hypothesis import strategies as st

PASSWORD = "Tr0ub4dor"
"""Stands in connection strings where a password might; it is never to be seen again."""

HARD = st.sampled_from(
    [
        "1e999999",
        "NaN",
        "Infinity",
        "-0",
        "2020-02-30T25:00",
        "0000-01-01",
        "9999-12-31T23:59:59.999999+14:00",
        "2020-W01-1",
        "{00000000-0000-0000-0000-000000000000}",
        "\0",
        "\ud7ff",
        "\ud800",
        "\u2028",
        "\x1b[2J",
        "\u0661",
        "1_0",
        " 1 ",
        "--1",
        "P1D",
        "x" * 5000,
    ]
)
TEXTS = st.text(max_size=40) | HARD
BYTES = st.binary(max_size=60)

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-3, 3)
    | st.floats(allow_nan=True, allow_infinity=True)
    | TEXTS
)
_KEYS = st.sampled_from(["a", "b", "x", "t", "ctx", "self", "__class__", ""]) | st.text(max_size=3)
JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)
SCALARS = _LEAVES | st.timedeltas() | st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.just(timedelta.max)

_SCHEMES = ["postgresql://", "postgres://", "postgresql+psycopg://", "postgresql+asyncpg://", "jdbc:postgresql://"]
_BEGINNINGS = [
    "",
    "'",
    '"',
    " ",
    "host=",
    "dbname=a ",
    "service=",
    "mysql://",
    "DATABASE_URL=",
    "postgresql:",
    *_SCHEMES,
]
_PIECES = [
    *(":", "@", "/", "?", "#", "[", "]", "%", "=", "&", ",", "'", '"', "\\", " ", "\n", "\0", ".", "é", "%20", "%40"),
    *("u", "h", "5432", "99999", "db", "[::1]", "host=", "port=", "sslmode=", "ssl=true", "schema=x", "pgbouncer=true"),
    *("password=", PASSWORD, f"u:{PASSWORD}@h:5432/db", f"u:{PASSWORD}@", f"password={PASSWORD} "),
]
DSNS = st.builds(
    lambda beginning, pieces, text, end: beginning + "".join(pieces) + text + end,
    st.sampled_from(_BEGINNINGS),
    st.lists(st.sampled_from(_PIECES), max_size=12),
    st.text(max_size=5),
    st.sampled_from(["", "\n", "'", '"', " "]),
)

SPECS = TEXTS.map(lambda text: f"no_such_module.{text}") | st.text(alphabet=":./-é \0", max_size=12)
"""Of applications: none that is there, since importing it could do anything."""
