-- Makes the table whose rows are written to time a commit. Parameters: none. Locks: the new table. Index: none.
CREATE TABLE {schema}.probe (n integer NOT NULL)
