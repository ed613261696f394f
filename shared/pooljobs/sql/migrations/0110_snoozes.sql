-- oldest code: 100
-- How often a handler put its job off (`raise Snooze(…)`), which is not charged as a run; null for never.
ALTER TABLE {schema}.live ADD COLUMN snoozes integer;
ALTER TABLE {schema}.history ADD COLUMN snoozes integer;
