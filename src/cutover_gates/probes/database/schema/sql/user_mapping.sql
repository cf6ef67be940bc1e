-- Who reaches a foreign server. Without the options: only their owner may read them, for they hold passwords.
SELECT CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(m.umuser)::text END || ' on ' || m.srvname AS name,
       'foreign server ' || m.srvname AS of
FROM pg_user_mappings m
