-- The living columns only: a dropped one keeps its place in the table, and a restored table has none.
SELECT n.nspname || '.' || c.relname AS name,
       'table ' || n.nspname || '.' || c.relname AS of,
       array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND n.nspname = ANY (%(schemas)s)
GROUP BY n.nspname, c.relname
