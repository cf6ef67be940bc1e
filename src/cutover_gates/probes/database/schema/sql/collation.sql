-- Through JSON, since each major version has columns that another has not.
SELECT n.nspname || '.' || l.collname AS name,
       CASE l.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'default' END AS provider,
       coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale', l.collcollate || ', ' || l.collctype) AS locale,
       to_jsonb(l) ->> 'collicurules' AS rules,
       CASE WHEN l.collisdeterministic THEN 'yes' ELSE 'no' END AS deterministic
FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
WHERE n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_collation'::regclass AND d.objid = l.oid AND d.deptype = 'e')
