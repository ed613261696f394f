"""Where and how commands print."""
