"""Background jobs for Python on PostgreSQL alone."""
