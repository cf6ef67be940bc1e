SELECT n.nspname || '.' || c.relname AS name,
       CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END AS persistence,
       CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS "partition key",
       pg_get_expr(c.relpartbound, c.oid) AS "bounds as partition",
       (SELECT array_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid) AS parents,
       CASE WHEN c.relrowsecurity THEN 'on' ELSE 'off' END AS "row security",
       CASE WHEN c.relforcerowsecurity THEN 'on' ELSE 'off' END AS "row security for its owner"
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
