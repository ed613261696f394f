"""Who is there and what is to be done about it: books and decisions, no effects."""
