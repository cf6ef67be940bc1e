-- What a role may do anywhere. Of a setting in a name of somebody's own (`app.key`) only a digest is kept: it may be a secret.
SELECT r.rolname AS name,
       array_remove(ARRAY[CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolinherit THEN 'INHERIT' END, CASE WHEN r.rolcanlogin THEN 'LOGIN' END,
           CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
           CASE WHEN r.rolreplication THEN 'REPLICATION' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL) AS attributes,
       r.rolconnlimit AS "connection limit",
       CASE WHEN isfinite(r.rolvaliduntil) THEN to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') END AS "valid until",
       CASE WHEN r.rolvaliduntil <= clock_timestamp() THEN 'yes' ELSE 'no' END AS expired,
       (SELECT array_agg(DISTINCT pg_get_userbyid(m.roleid)::text || CASE WHEN m.admin_option THEN ' (and to pass it on)' ELSE '' END)
           FROM pg_auth_members m WHERE m.member = r.oid) AS memberships,
       (SELECT array_agg(CASE WHEN split_part(setting, '=', 1) LIKE '%%.%%'
                              THEN split_part(setting, '=', 1) || ' = SHA-256 ' || encode(sha256(convert_to(setting, 'UTF8')), 'hex') ELSE setting END ORDER BY setting)
        FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS setting
        WHERE s.setrole = r.oid AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))) AS settings
FROM pg_roles r
WHERE r.rolname NOT LIKE 'pg\_%%'
