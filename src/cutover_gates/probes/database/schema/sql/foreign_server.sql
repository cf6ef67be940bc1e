-- Of an option's value only a digest is kept: it may be a secret.
SELECT s.srvname::text AS name, w.fdwname::text AS wrapper, s.srvtype AS type, s.srvversion AS version,
       (SELECT array_agg(split_part(option, '=', 1) || ' = SHA-256 ' || encode(sha256(convert_to(option, 'UTF8')), 'hex') ORDER BY option)
        FROM unnest(s.srvoptions) option) AS options
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
