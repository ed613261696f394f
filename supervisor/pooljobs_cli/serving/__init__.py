"""From ``pooljobs serve`` to a running supervisor."""
