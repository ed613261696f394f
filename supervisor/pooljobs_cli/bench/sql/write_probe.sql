-- The smallest transaction that must reach the disk. Parameters: none. Locks: its row. Index: none.
INSERT INTO {schema}.probe (n) VALUES (1)
