-- Takes a key for a new job, or finds the job that holds it; and changes that one where the rule says so. One that has
-- the key counts while it is in `live`, or until its period is past; after a failure or a cancellation at once no more.
--
-- Parameters: key; id, of the new job; until_start (the key is free once the job has begun: then `kept` also means that
--   the job is held back until this transaction has ended, and sees what that commits); within (seconds from now for
--   which the key is held in any case; null: none); on_conflict ('replace': payload, priority, run_at and max_retries of
--   a job that is pending; 'reschedule': run_at; else nothing); what a replaced job is to have; most (seconds from its
--   enqueue up to which its run_at may be put off; null: any).
-- Returns the id of the job that is there, and outcome: 'new' (to be inserted now, by the caller), 'kept' or 'replaced'.
-- Locks: the key's row in `uniques`, which waits for whoever has taken the same key and not ended. Of the job that is
--   there, pending: FOR KEY SHARE to keep it, FOR NO KEY UPDATE to replace it, which waits for whoever claims or cancels
--   it just now: what becomes of that nobody knows before it has ended. A claim locks a job, too, that it then leaves. No
--   claim and no settlement waits for this.
-- What is read is read by one snapshot younger than the lock, and taken over only as it was read: taken_at.
-- Index: uniques_pkey, live_pkey; history_id in the partitions since the key was taken, where its period is not past.
-- Runs with its owner's rights: whoever may call it needs none on the tables but to insert the job.
CREATE OR REPLACE FUNCTION {schema}.take_unique(
    key bytea, id uuid, until_start boolean DEFAULT false, within double precision DEFAULT NULL,
    on_conflict text DEFAULT 'skip', payload jsonb DEFAULT NULL, priority integer DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, max_retries integer DEFAULT NULL, most double precision DEFAULT NULL,
    OUT job_id uuid, OUT outcome text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    changes constant boolean := take_unique.on_conflict IN ('replace', 'reschedule');
    new_until constant timestamptz := now() + make_interval(secs => take_unique.within);
    held record;
    changed record;
BEGIN
    LOOP
        INSERT INTO {schema}.uniques AS u (key, job_id, until) VALUES (take_unique.key, take_unique.id, new_until)
        ON CONFLICT ON CONSTRAINT uniques_pkey DO NOTHING;
        EXIT WHEN FOUND;
        IF changes THEN  -- those who replace one job take turns
            PERFORM FROM {schema}.uniques AS u WHERE u.key = take_unique.key FOR UPDATE;
        END IF;
        SELECT u.job_id, u.taken_at, u.until, l.id IS NOT NULL AS alive INTO held
        FROM {schema}.uniques AS u LEFT JOIN {schema}.live AS l ON l.id = u.job_id
        WHERE u.key = take_unique.key;
        CONTINUE WHEN NOT FOUND;  -- swept meanwhile
        IF held.alive AND changes THEN
            PERFORM FROM {schema}.live AS l
            WHERE l.id = held.job_id AND l.worker_id IS NULL
            FOR NO KEY UPDATE;
            IF FOUND THEN
                UPDATE {schema}.live AS l
                SET run_at = least(
                        coalesce(take_unique.run_at, now()), l.created_at + make_interval(secs => take_unique.most)
                    ),
                    payload = CASE take_unique.on_conflict WHEN 'replace' THEN take_unique.payload ELSE l.payload END,
                    priority = CASE take_unique.on_conflict WHEN 'replace' THEN take_unique.priority ELSE l.priority END,
                    max_retries = CASE take_unique.on_conflict
                        WHEN 'replace' THEN take_unique.max_retries ELSE l.max_retries END
                WHERE l.id = held.job_id
                RETURNING l.queue, l.run_at INTO changed;
                IF {schema}.any_host_idle() THEN PERFORM {schema}.notify_one(changed.queue, changed.run_at); END IF;
                job_id := held.job_id;
                outcome := 'replaced';
                RETURN;
            END IF;
        ELSIF held.alive AND take_unique.until_start THEN
            PERFORM FROM {schema}.live AS l
            WHERE l.id = held.job_id AND l.worker_id IS NULL
            FOR KEY SHARE;
            IF FOUND THEN
                job_id := held.job_id;
                outcome := 'kept';
                RETURN;
            END IF;
        END IF;
        IF held.alive AND (changes OR take_unique.until_start) THEN  -- it has begun, or is gone since it was read
            held.alive := EXISTS (SELECT FROM {schema}.live AS l WHERE l.id = held.job_id);
        END IF;
        IF (held.alive AND NOT take_unique.until_start)
            OR (held.until > now() AND NOT {schema}.ended_badly(held.job_id, held.taken_at))
        THEN
            job_id := held.job_id;
            outcome := 'kept';
            RETURN;
        END IF;
        UPDATE {schema}.uniques AS u
        SET job_id = take_unique.id, taken_at = clock_timestamp(), until = new_until
        WHERE u.key = take_unique.key AND u.job_id = held.job_id AND u.taken_at = held.taken_at;
        EXIT WHEN FOUND;
    END LOOP;
    job_id := take_unique.id;
    outcome := 'new';
END
$body$;
