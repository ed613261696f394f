"""How jobs of an application reach the database, and how they are taken back."""
