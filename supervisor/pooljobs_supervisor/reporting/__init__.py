"""What an operator reads: the supervisor's log lines, what an end waits for, tables and times."""
