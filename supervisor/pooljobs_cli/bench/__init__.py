"""``pooljobs bench``: a short measurement on the user's own database, and what bounds it. In a schema of its own."""
