-- oldest code: 100
-- outside a transaction
-- What takes the place of live_claim (0102). Partial, although its condition holds for every row (live_queue_named): only
-- a query that states the condition can be planned with it. An index that ends in id would else be a way to look a row up
-- by its id, by reading the whole index, and to a planner whose statistics say that the table is empty all ways cost the
-- same. Claims of code 100 do not state it: until its hosts are upgraded they read the table, which is small by design.
CREATE INDEX CONCURRENTLY IF NOT EXISTS live_claim_stated ON {schema}.live (queue, priority, run_at, id) WHERE queue <> '';
