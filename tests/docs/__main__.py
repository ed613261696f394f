"""Writes the generated pages of docs/internals: ``make docs``."""

from __future__ import annotations

from tests.docs import hazards, statements


def main() -> None:
    """Writes both pages."""
    for page in (hazards, statements):
        page.PAGE.write_text(page.generate())
        print(page.PAGE.name)


if __name__ == "__main__":
    main()
