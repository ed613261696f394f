-- Whether this transaction may notify: `SET pooljobs.notify = off` keeps it silent, for transactions that are to be PREPAREd
-- (PostgreSQL has no NOTIFY there); and so does the server's queue of notifications when it is nearly full, as when somebody
-- LISTENs and leaves a transaction open, since NOTIFY would soon fail what it is part of. Who is not told finds by looks what
-- there is: a host that idles relies on no notification from half a queue on (statements/mark_host_idle.sql).
-- The planner puts the body in the place of the call.
CREATE OR REPLACE FUNCTION {schema}.may_notify() RETURNS boolean LANGUAGE sql VOLATILE
RETURN coalesce(pg_catalog.current_setting('pooljobs.notify', true), 'on') OPERATOR(pg_catalog.<>) 'off'
    AND pg_catalog.pg_notification_queue_usage() OPERATOR(pg_catalog.<) 0.75;
