"""Measures pooljobs beside its peers: ``make bench-peers``, ``python -m bench.peers``. See bench/README.md."""
