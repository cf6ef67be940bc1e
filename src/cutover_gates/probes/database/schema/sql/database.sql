-- Through JSON, since each major version has columns that another has not.
SELECT 'the database' AS name,
       pg_encoding_to_char(d.encoding) AS encoding, d.datcollate::text AS collation, d.datctype::text AS "character type",
       to_jsonb(d) ->> 'datlocprovider' AS "locale provider",
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
       to_jsonb(d) ->> 'datcollversion' AS "collation version",
       pg_collation_actual_version('pg_catalog."default"'::regcollation) AS "collation version of its system",
       current_setting('server_version_num')::integer / 10000 AS "major version",
       (SELECT array_agg(CASE WHEN split_part(setting, '=', 1) LIKE '%%.%%'
                              THEN split_part(setting, '=', 1) || ' = SHA-256 ' || encode(sha256(convert_to(setting, 'UTF8')), 'hex') ELSE setting END ORDER BY setting)
        FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS setting WHERE s.setrole = 0 AND s.setdatabase = d.oid) AS settings
FROM pg_database d WHERE d.datname = current_database()
