SELECT n.nspname || '.' || p.prsname AS name, p.prsstart::text AS start, p.prstoken::text AS token, p.prsend::text AS "end",
       nullif(p.prsheadline, 0)::regproc::text AS headline, p.prslextype::text AS types
FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_parser'::regclass AND d.objid = p.oid AND d.deptype = 'e')
