"""What an operator reads: the log's story, what an end waits for, tables and times."""
