"""Claims: what to take next, and what is held."""
