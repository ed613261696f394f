"""Payloads to and from JSON. What PostgreSQL could not hold is refused here, before anything is stored."""
