-- Where the rows of a foreign table are. Of an option's value only a digest is kept: it may be a secret.
SELECT n.nspname || '.' || c.relname AS name, 'table ' || n.nspname || '.' || c.relname AS of, s.srvname::text AS server,
       (SELECT array_agg(split_part(option, '=', 1) || ' = SHA-256 ' || encode(sha256(convert_to(option, 'UTF8')), 'hex') ORDER BY option)
        FROM unnest(f.ftoptions) option) AS options,
       (SELECT array_agg(a.attname || ': ' || split_part(option, '=', 1) || ' = SHA-256 ' || encode(sha256(convert_to(option, 'UTF8')), 'hex') ORDER BY a.attname, option)
        FROM pg_attribute a CROSS JOIN unnest(a.attfdwoptions) option WHERE a.attrelid = c.oid AND NOT a.attisdropped) AS "options of its columns"
FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_foreign_server s ON s.oid = f.ftserver
WHERE n.nspname = ANY (%(schemas)s)
