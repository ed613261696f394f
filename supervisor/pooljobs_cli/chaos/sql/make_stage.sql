-- What chaos remembers beside the jobs. Parameters: none. Locks: the new tables.
--   witness: the ids of each transaction of a producer, written in that transaction: what is here was committed
--   effects: what the handlers of "exact" jobs leave, in the transaction that completes their job
--   told_committed, told_withdrawn: what producers were told of their transactions' ends
--   asked_to_cancel, told_cancelled: jobs that were to be cancelled, and those of which the answer said that they were
--   told_paused: types and queues that were paused, from when until when, as whoever did it was told
--   runs: each run of a handler, as its journal has it; in_doubt: its claim may have been lost in a server crash;
--     beside: it was of the other pooljobs
CREATE TABLE {schema}.witness (job_id uuid NOT NULL);
CREATE TABLE {schema}.effects (job_id uuid NOT NULL);
CREATE TABLE {schema}.told_committed (job_id uuid NOT NULL);
CREATE TABLE {schema}.told_withdrawn (job_id uuid NOT NULL);
CREATE TABLE {schema}.asked_to_cancel (job_id uuid NOT NULL);
CREATE TABLE {schema}.told_cancelled (job_id uuid NOT NULL);
CREATE TABLE {schema}.told_paused (
    kind text NOT NULL, name text NOT NULL, since timestamptz NOT NULL, until timestamptz NOT NULL
);
CREATE TABLE {schema}.runs (
    job_id uuid NOT NULL, fence bigint NOT NULL, token bigint NOT NULL, attempt integer NOT NULL,
    incarnation integer NOT NULL, pid integer NOT NULL, began timestamptz NOT NULL, ended timestamptz, outcome text,
    in_doubt boolean NOT NULL, beside boolean NOT NULL
)
