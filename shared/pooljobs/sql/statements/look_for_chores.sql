-- What there is for a steward to do: its one look a beat, at which most of the time there is nothing.
-- Parameters: none. Returns one row: at (the server's clock, seconds since 1970), lost (some worker's lease has run out),
-- cancellations (somebody has asked for one), next_tick (when a schedule is due, likewise, null: none), pauses (a text,
-- another one for any other queues and types that are paused; null: none is). Locks: none.
-- Index: schedules_due; none of the other tables, all of which are small, and the last two empty most of the time.
-- Run by: the steward.
SELECT
    date_part('epoch', now()) AS at,
    EXISTS (SELECT FROM {schema}.workers AS w WHERE w.dead_at IS NULL AND w.leased_until < now()) AS lost,
    EXISTS (SELECT FROM {schema}.cancellations) AS cancellations,
    (
        SELECT date_part('epoch', s.due_at)
        FROM {schema}.schedules AS s
        WHERE s.paused_at IS NULL AND s.retired_at IS NULL
        ORDER BY s.due_at
        LIMIT 1
    ) AS next_tick,
    (SELECT json_agg(json_build_array(p.kind, p.name, p.paused_at) ORDER BY p.kind, p.name)::text FROM {schema}.pauses AS p) AS pauses
