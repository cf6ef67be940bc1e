-- Who may read or write any large object that is not their own. Each object has rights of its own; only the kinds of rights are kept.
SELECT 'large objects to ' || CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r.grantee)::text END AS name,
       array_agg(DISTINCT r.privilege_type || CASE WHEN r.is_grantable THEN ' (and to pass it on)' ELSE '' END) AS rights
FROM pg_largeobject_metadata m CROSS JOIN LATERAL aclexplode(m.lomacl) r
WHERE r.grantee <> m.lomowner
GROUP BY r.grantee
