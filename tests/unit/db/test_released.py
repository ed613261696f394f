"""What was released is never edited: a migration that somebody has applied, and the functions of that version."""

from __future__ import annotations

from hashlib import sha256

from pooljobs.db.schema.migrations import FIRST, functions, migrations

MIGRATIONS = {
    100: "5f8b02b63c23bac4",
    101: "16b177a2a1f6947d",
    102: "75e303da942deb67",
    103: "035e657166a13c2c",
    104: "385b2e4cc58f2044",
    105: "410774d52983fbce",
    106: "85afe891894dd991",
    107: "3908760a78551080",
    108: "8afc5499675cc541",
    109: "685091cf5927df4e",
    110: "1f35ba532ef4416f",
    111: "688e02c48c9b5562",
    112: "177b9d8e9da8143b",
    113: "fb953de3111821c8",
    114: "574105d8e3744355",
    115: "d4b4e21eb172b7cb",
    116: "331d55a88c47bb40",
}
"""Of each, the beginning of its text's digest. Another one means: undo that, and write the next migration."""

FUNCTIONS = (116, "5eabc146bf1b57a7")
"""The newest migration's number, and the digest of all functions then. Another digest means: write another migration,
if only an empty one (its head alone), and note both here. Otherwise whoever migrates with the pooljobs before, as an
older host does that starts again, would put its own functions back.
"""


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def test_migrations_are_as_they_were() -> None:
    assert {one.version: digest(one.text) for one in migrations()} == MIGRATIONS


def test_functions_change_with_a_migration() -> None:
    assert (migrations()[-1].version, digest(repr(functions()))) == FUNCTIONS


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [one.version for one in migrations()] == list(range(FIRST, FIRST + len(migrations())))


def test_no_migration_asks_for_code_younger_than_itself_nor_takes_back_what_another_asked_for() -> None:
    oldest = [one.oldest_code for one in migrations()]
    assert oldest == sorted(oldest)
    assert all(one.oldest_code <= one.version for one in migrations())
