-- What is granted by itself on things that are yet to be made. The database's owner is not named, since it is another one elsewhere.
SELECT CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE 'schemas' END
           || ' that ' || CASE WHEN a.defaclrole = o.datdba THEN 'the database''s owner' ELSE pg_get_userbyid(a.defaclrole)::text END
           || ' makes in ' || coalesce('the schema ' || n.nspname, 'any schema')
           || ' to ' || CASE r.grantee WHEN 0 THEN 'PUBLIC' WHEN a.defaclrole THEN 'their owner' ELSE pg_get_userbyid(r.grantee)::text END AS name,
       array_agg(DISTINCT r.privilege_type || CASE WHEN r.is_grantable THEN ' (and to pass it on)' ELSE '' END) AS rights
FROM pg_default_acl a
JOIN pg_database o ON o.datname = current_database()
LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
CROSS JOIN LATERAL aclexplode(a.defaclacl) r
WHERE n.nspname IS NULL OR n.nspname = ANY (%(schemas)s)
GROUP BY 1
