-- What it takes to look: `pooljobs jobs list`, `jobs show`, `stats`, and queries of one's own. No table.
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON {schema}.jobs TO {role};
