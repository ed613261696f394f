"""Everything that speaks to PostgreSQL: connecting, migrating, and the statements of the sql folder."""
