-- What somebody made: the system's own casts have a number below 16384.
SELECT format_type(k.castsource, NULL) || ' to ' || format_type(k.casttarget, NULL) AS name,
       CASE k.castmethod WHEN 'f' THEN 'by ' || k.castfunc::regprocedure::text WHEN 'i' THEN 'by input and output' ELSE 'binary coercible' END AS method,
       CASE k.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'in assignments' ELSE 'implicit' END AS context
FROM pg_cast k
WHERE k.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'e')
