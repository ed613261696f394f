-- What became of jobs whose ids are known: those of `ids` that there are, in any order. Of one that has not ended also its
-- state, runs, last error, and how far it is. One snapshot for both tables: a job that moves between them is seen in one of them.
-- Parameters: ids; the time from and up to which those that have ended did so: the partitions and blocks in between are read.
-- The ids should be near each other: history is looked through between the first and the last.
-- Index: live_pkey, by each id, however few rows the statistics tell of; history_id in each partition. What has ended within
-- the last minute, as those have of whose end somebody was told, is looked for in the partition's last 64 pages first: its
-- index sums up what is new once a minute at best, and until then all of that would be read.
-- Runs with its owner's rights: whoever may call it needs none on the tables, and sees no payload.
CREATE OR REPLACE FUNCTION {schema}.find_results(ids uuid[], ended_from timestamptz, ended_to timestamptz)
RETURNS TABLE (
    job_id uuid, job_type text, state text, attempts integer, finished_at timestamptz, error text, result text, note text,
    progress text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    ended uuid[] := ARRAY(
        SELECT g.id FROM unnest(find_results.ids) AS g (id)
        WHERE (SELECT l.id FROM {schema}.live AS l WHERE l.id = g.id) IS NULL
        ORDER BY g.id
    );
    part regclass;
    found uuid[] := '{{}}';
BEGIN
    RETURN QUERY
    SELECT l.id, left(l.job_type, 200), CASE WHEN l.worker_id IS NULL THEN 'pending' ELSE 'running' END,
        least(l.attempts, 2147483646) + (l.worker_id IS NOT NULL)::integer, NULL::timestamptz, left(l.last_error, 8192),
        NULL::text, NULL::text, (
            SELECT left((p.reports -> l.id::text)::text, 4000)
            FROM {schema}.progress AS p
            WHERE p.worker_id = l.worker_id AND p.reports -> l.id::text -> 'token' = to_jsonb(l.token)
        )
    FROM unnest(find_results.ids) AS g (id)
    JOIN {schema}.live AS l ON l.id BETWEEN g.id AND g.id;
    IF ended = '{{}}' THEN RETURN; END IF;
    IF ended_from > now() - interval '1 minute' THEN
        part := to_regclass(format(
            '%I.%I', {schema_name}::text, 'history_' || to_char(least(ended_to, now()) AT TIME ZONE 'UTC', 'YYYYMMDD')
        ));
    END IF;
    IF part IS NOT NULL THEN
        FOR job_id, job_type, state, attempts, finished_at, error, result, note IN EXECUTE format(
            'SELECT h.id, left(h.job_type, 200), h.status, h.attempts, h.finished_at, left(h.last_error, 8192), h.result::text,'
            ' left(h.result_note, 1000) FROM %s AS h WHERE h.ctid >= %L::tid AND h.id = ANY ($1)',
            part, format('(%s,0)', greatest(pg_relation_size(part) / current_setting('block_size')::bigint - 64, 0))
        ) USING ended LOOP
            found := found || job_id;
            RETURN NEXT;
        END LOOP;
        ended := ARRAY(SELECT g.id FROM unnest(ended) AS g (id) WHERE NOT g.id = ANY (found) ORDER BY g.id);
        IF ended = '{{}}' THEN RETURN; END IF;
    END IF;
    RETURN QUERY
    SELECT n.id, left(n.job_type, 200), n.status, n.attempts, n.finished_at, left(n.last_error, 8192), n.result::text,
        left(n.result_note, 1000), NULL::text
    FROM (
        SELECT h.id, h.job_type, h.status, h.attempts, h.finished_at, h.last_error, h.result, h.result_note
        FROM {schema}.history AS h
        WHERE h.id BETWEEN ended[1] AND ended[cardinality(ended)]
          AND h.finished_at BETWEEN find_results.ended_from AND find_results.ended_to
        OFFSET 0
    ) AS n
    WHERE n.id IN (SELECT unnest(ended));
END
$body$;
