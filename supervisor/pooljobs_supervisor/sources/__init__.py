"""``serve --reload``: changes of source files, seen by a process of their own, become reloads."""
