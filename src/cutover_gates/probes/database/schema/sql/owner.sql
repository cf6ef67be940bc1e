WITH objects AS ({objects})
SELECT CASE o.kind WHEN 'schema' THEN 'schema ' ELSE '' END || o.name AS name, o.kind || ' ' || o.name AS of, pg_get_userbyid(o.owner)::text AS owner FROM objects o WHERE o.kind <> 'column'
