-- With the operators and functions in it, whichever class of the family brought them.
SELECT n.nspname || '.' || f.opfname || ' for ' || m.amname AS name,
       (SELECT array_agg(a.amopstrategy || ' ' || a.amopopr::regoperator::text ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
        FROM pg_amop a WHERE a.amopfamily = f.oid) AS operators,
       (SELECT array_agg(p.amprocnum || ' ' || p.amproc::regprocedure::text ORDER BY p.amprocnum, p.amproc::regprocedure::text)
        FROM pg_amproc p WHERE p.amprocfamily = f.oid) AS functions
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
WHERE n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_opfamily'::regclass AND d.objid = f.oid AND d.deptype = 'e')
