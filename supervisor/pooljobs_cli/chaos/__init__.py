"""``pooljobs chaos``: real jobs on real workers while everything around them is killed; then a check."""
