-- Who may set a parameter of the server, such as session_replication_role, which switches all triggers off.
-- A superuser may, whatever is granted.
SELECT p.parname || ' to ' || CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r.grantee)::text END AS name,
       array_agg(DISTINCT r.privilege_type || CASE WHEN r.is_grantable THEN ' (and to pass it on)' ELSE '' END) AS rights
FROM pg_parameter_acl p CROSS JOIN LATERAL aclexplode(p.paracl) r
WHERE NOT EXISTS (SELECT FROM pg_roles s WHERE s.oid = r.grantee AND s.rolsuper)
GROUP BY p.parname, r.grantee
