-- The owner is not named here, so that two databases with owners of their own can be compared.
WITH objects AS ({objects})
SELECT CASE WHEN o.kind IN ('schema', 'foreign server', 'foreign data wrapper') THEN o.kind || ' ' ELSE '' END || o.name || ' to ' || CASE r.grantee WHEN 0 THEN 'PUBLIC' WHEN o.owner THEN 'its owner' ELSE pg_get_userbyid(r.grantee)::text END AS name,
       o.kind || ' ' || o.name AS of,
       array_agg(DISTINCT r.privilege_type || CASE WHEN r.is_grantable THEN ' (and to pass it on)' ELSE '' END) AS rights
FROM objects o CROSS JOIN LATERAL aclexplode(o.rights) r
GROUP BY o.name, o.kind, o.owner, r.grantee
