"""Stands in the way of the real one: a directory for PYTHONPATH that makes an installed uvloop as good as absent."""

raise ImportError("hidden by a test")
