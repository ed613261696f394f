-- oldest code: 100
-- A claimed row is longer than it was by its worker, its token and two times: at 50, one claim in twenty found no room for
-- it on its page, and wrote the indexes anew. That was a twelfth of all the WAL of a job. Pages that are filled already stay.
ALTER TABLE {schema}.live SET (fillfactor = 45);
