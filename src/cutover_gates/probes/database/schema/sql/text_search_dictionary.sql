SELECT n.nspname || '.' || y.dictname AS name, t.tmplname::text AS template, y.dictinitoption AS options
FROM pg_ts_dict y JOIN pg_namespace n ON n.oid = y.dictnamespace JOIN pg_ts_template t ON t.oid = y.dicttemplate
WHERE n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_dict'::regclass AND d.objid = y.oid AND d.deptype = 'e')
