"""Processes: how a child is forked, watched, reaped, and how it leaves."""
