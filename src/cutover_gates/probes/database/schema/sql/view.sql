SELECT n.nspname || '.' || c.relname AS name, pg_get_viewdef(c.oid) AS definition,
       (SELECT array_agg(option ORDER BY option) FROM unnest(c.reloptions) option) AS options
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
