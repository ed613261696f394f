"""Tests of applications: databases of their own, and jobs run in the test's process by the worker's own parts.

Users write ``pooljobs.testing``, which names what is theirs; it stands beside the worker, since it runs on it.
"""
