"""Results on their way to the database: by the batch, and by age."""
