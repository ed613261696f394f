"""When a child is to be killed or replaced for what it does or does not do: time limits, hangs, wear."""
