WITH objects AS ({objects})
SELECT CASE WHEN o.kind IN ('schema', 'foreign server', 'foreign data wrapper') THEN o.kind || ' ' ELSE '' END || o.name AS name, o.kind || ' ' || o.name AS of, pg_get_userbyid(o.owner)::text AS owner FROM objects o WHERE o.kind <> 'column'
