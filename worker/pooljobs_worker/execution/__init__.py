"""Who runs the handlers, one by one, on threads or as tasks, and what surrounds a run."""
