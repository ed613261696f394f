"""Jobs in and out: stored by producers, cancelled, settled."""
