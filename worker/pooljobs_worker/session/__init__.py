"""The worker and its database: the connection, the lease, the registration."""
