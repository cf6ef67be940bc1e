-- Only what does not lie in the default tablespace of its database.
SELECT CASE c.relkind WHEN 'i' THEN 'index ' WHEN 'I' THEN 'index ' WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || n.nspname || '.' || c.relname AS name,
       CASE c.relkind WHEN 'i' THEN 'index ' WHEN 'I' THEN 'index ' WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || n.nspname || '.' || c.relname AS of,
       t.spcname::text AS tablespace
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND n.nspname = ANY (%(schemas)s)
