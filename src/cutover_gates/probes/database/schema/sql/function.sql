-- Functions and procedures whole: arguments, volatility, SECURITY DEFINER, settings and body. An aggregate has no such text.
SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
       CASE p.prokind WHEN 'a' THEN (
           SELECT format('AGGREGATE over %%s by %%s, final %%s, initial %%s', format_type(g.aggtranstype, NULL), g.aggtransfn, g.aggfinalfn, g.agginitval)
           FROM pg_aggregate g WHERE g.aggfnoid = p.oid)
       ELSE pg_get_functiondef(p.oid) END AS definition
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (%(schemas)s)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
