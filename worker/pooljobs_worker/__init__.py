"""One worker process: it claims jobs, runs their handlers and settles how they ended."""
