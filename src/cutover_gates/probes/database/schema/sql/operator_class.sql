SELECT n.nspname || '.' || c.opcname || ' for ' || m.amname AS name,
       format_type(c.opcintype, NULL) AS type,
       nullif(c.opckeytype, 0)::regtype::text AS storage,
       f.opfname::text AS family,
       CASE WHEN c.opcdefault THEN 'yes' ELSE 'no' END AS "default"
FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod JOIN pg_opfamily f ON f.oid = c.opcfamily
WHERE n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_opclass'::regclass AND d.objid = c.oid AND d.deptype = 'e')
