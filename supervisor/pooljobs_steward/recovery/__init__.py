"""What dead workers and lost hosts held, and what becomes of it."""
