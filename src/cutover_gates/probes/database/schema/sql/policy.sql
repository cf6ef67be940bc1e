SELECT n.nspname || '.' || c.relname || '.' || p.polname AS name,
       'table ' || n.nspname || '.' || c.relname AS of,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,
       CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END AS kind,
       (SELECT array_agg(CASE r.role WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r.role)::text END ORDER BY 1) FROM unnest(p.polroles) AS r (role)) AS roles,
       pg_get_expr(p.polqual, p.polrelid) AS "using",
       pg_get_expr(p.polwithcheck, p.polrelid) AS "with check"
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s)
