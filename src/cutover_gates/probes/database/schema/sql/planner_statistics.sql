-- Which columns have statistics, without a value of any. A table of few pages is read in full whatever is known of it.
-- pg_stats shows only what the role may read: elsewhere nothing is known.
SELECT n.nspname || '.' || c.relname AS name, CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || n.nspname || '.' || c.relname AS of,
       pg_relation_size(c.oid) / current_setting('block_size')::int AS pages,
       CASE WHEN has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid) THEN 'yes' ELSE 'no' END AS readable,
       (SELECT array_agg(DISTINCT s.attname::text) FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname = ANY (%(schemas)s)
