"""Statements of ours on connections that are the caller's, whatever driver or wrapper they come from.

What is done is told once, as steps (``caller_operations.py``); each driver's module carries steps out. No driver is
imported before somebody passes a connection of its own.
"""
