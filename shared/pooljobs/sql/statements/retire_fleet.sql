-- Says that a fleet lives no longer: its steward leaves. Parameters: fleet. Returns nothing. Locks: the fleet's row.
-- Index: fleets_pkey.
-- Run by: the steward.
UPDATE {schema}.fleets AS f SET seen_until = now() WHERE f.id = %(fleet)s AND f.seen_until > now()
