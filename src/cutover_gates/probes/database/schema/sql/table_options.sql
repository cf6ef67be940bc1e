SELECT n.nspname || '.' || c.relname AS name,
       CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || n.nspname || '.' || c.relname AS of,
       (SELECT array_agg(option ORDER BY option) FROM unnest(c.reloptions) option) AS options,
       (SELECT array_agg(option ORDER BY option) FROM pg_class t CROSS JOIN unnest(t.reloptions) option WHERE t.oid = c.reltoastrelid) AS "options of its long values",
       CASE c.relreplident WHEN 'd' THEN 'the primary key' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'the whole row' ELSE
           'the index ' || coalesce((SELECT x.indexrelid::regclass::text FROM pg_index x WHERE x.indrelid = c.oid AND x.indisreplident), '(which is gone)')
           END AS "replica identity",
       nullif((SELECT m.amname::text FROM pg_am m WHERE m.oid = c.relam), 'heap') AS "access method"
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname = ANY (%(schemas)s)
