"""Idle workers and idle hosts, and how new jobs wake them."""
