"""What a job is, as values: before it is stored, while it may be retried, and how its runs end."""
