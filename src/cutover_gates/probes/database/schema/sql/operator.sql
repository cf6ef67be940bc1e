SELECT o.oid::regoperator::text AS name,
       o.oprcode::regprocedure::text AS function,
       format_type(o.oprresult, NULL) AS result,
       nullif(o.oprcom, 0)::regoperator::text AS commutator,
       nullif(o.oprnegate, 0)::regoperator::text AS negator,
       nullif(o.oprrest::oid, 0)::regproc::text AS restrict,
       nullif(o.oprjoin::oid, 0)::regproc::text AS join,
       CASE WHEN o.oprcanhash THEN 'yes' END AS hashes,
       CASE WHEN o.oprcanmerge THEN 'yes' END AS merges
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE n.nspname = ANY (%(schemas)s) AND o.oprcode <> 0
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e')
