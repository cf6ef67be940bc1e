-- Schemas that the settings do not name, and the tables in them. Numbers below 16384 are the system's own tables.
SELECT n.nspname::text AS name, array_agg(c.relname::text ORDER BY c.relname) AS tables
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'S') AND c.oid >= 16384 AND NOT c.relispartition AND NOT n.nspname = ANY (%(schemas)s)
  AND n.nspname <> 'pg_toast' AND n.nspname NOT LIKE 'pg\_temp\_%%' AND n.nspname NOT LIKE 'pg\_toast\_temp\_%%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_depend e ON e.classid = 'pg_class'::regclass AND e.objid = d.refobjid AND e.deptype = 'e'
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
GROUP BY n.nspname
