"""What is enqueued again and again: which schedules there are, and their ticks."""
