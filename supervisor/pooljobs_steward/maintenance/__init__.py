"""The tables: kept in shape, history within its days, jobs that nobody can run."""
