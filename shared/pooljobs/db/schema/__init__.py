"""How the schema comes into a database, and whether it is one that this code works with."""
