-- oldest code: 100
-- Fields of a type's payloads that the command line masks. One that was secret once stays so: payloads of then are there.
ALTER TABLE {schema}.job_types ADD COLUMN secret text[] NOT NULL DEFAULT '{{}}';
