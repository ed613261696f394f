"""What demo, chaos and bench make for themselves: a schema in a database, a folder; and the leave to do so."""
