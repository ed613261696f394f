"""What a handler takes: read from its signature once, at declaration, and filled for each run."""
