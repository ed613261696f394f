-- Puts one failed or cancelled job back to pending, due now: the same id, its fence and its runs carried on, and room
-- for at least one more run. A job in any other state, or none of that id, is left alone.
-- A unique one takes its key back, unless another job holds that: then it is left alone too (find_key_holder.sql).
-- What was asked of its earlier run is not asked of the next: a request to cancel it goes.
-- Parameters: id. Returns a row if the job is pending again. Locks: the history row, the new one, the request;
-- of a unique one as functions/take_unique.sql.
-- Index: history_id in each partition, live_pkey, cancellations_pkey, uniques_pkey.
-- Run by: the command line.
WITH taken AS (
    DELETE FROM {schema}.history AS h
    WHERE h.id = %(id)s::uuid AND h.status IN ('failed', 'cancelled')
      AND (h.unique_key IS NULL OR (
          SELECT t.outcome
          FROM {schema}.take_unique(
              h.unique_key, h.id, coalesce((
                  SELECT d.unique_rule ->> 'until' = 'start' FROM {schema}.job_types AS d WHERE d.job_type = h.job_type
              ), false)
          ) AS t
      ) = 'new')
    RETURNING h.*
),
forgotten AS (
    DELETE FROM {schema}.cancellations AS c
    USING taken AS t
    WHERE c.job_id BETWEEN t.id AND t.id
)
INSERT INTO {schema}.live (run_at, max_retries, attempts, last_error, {carried})
SELECT now(), greatest(t.max_retries, least(t.attempts, 2147483646) + 1, 1), t.attempts, t.last_error, {carried:t}
FROM taken AS t
RETURNING id, {schema}.notify_many(ARRAY[queue], ARRAY[run_at])
