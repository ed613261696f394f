-- oldest code: 100
-- The index of 0101 takes the place of live_claim, and its name.
DROP INDEX {schema}.live_claim;
ALTER INDEX {schema}.live_claim_stated RENAME TO live_claim;
