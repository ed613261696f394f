"""The steward: the child that does a host's database chores, so that the supervisor needs no connection."""
