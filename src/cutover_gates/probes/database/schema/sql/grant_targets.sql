-- Everything that can be granted on: its kind and name as in objects.sql, what stays the same when it is renamed, and how GRANT calls it.
SELECT 'schema' AS kind, n.nspname::text AS name, n.oid::text AS identity, format('SCHEMA %%I', n.nspname) AS target, NULL::text AS "column"
FROM pg_namespace n WHERE n.nspname = ANY (%(schemas)s)
UNION ALL
SELECT 'database', 'the database', d.oid::text, format('DATABASE %%I', d.datname), NULL FROM pg_database d WHERE d.datname = current_database()
UNION ALL
SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END,
       n.nspname || '.' || c.relname, c.oid::text, format('%%s %%I.%%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname), NULL
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND n.nspname = ANY (%(schemas)s)
UNION ALL
SELECT 'column', n.nspname || '.' || c.relname || '.' || a.attname, c.oid || '.' || a.attnum, format('TABLE %%I.%%I', n.nspname, c.relname), quote_ident(a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname = ANY (%(schemas)s)
UNION ALL
SELECT 'function', n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.oid::text,
       format('ROUTINE %%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), NULL
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY (%(schemas)s)
UNION ALL
SELECT 'type', n.nspname || '.' || t.typname, t.oid::text, format('TYPE %%I.%%I', n.nspname, t.typname), NULL
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = ANY (%(schemas)s) AND t.typtype IN ('e', 'd', 'r', 'c')
UNION ALL
SELECT 'foreign server', s.srvname::text, s.oid::text, format('FOREIGN SERVER %%I', s.srvname), NULL FROM pg_foreign_server s
UNION ALL
SELECT 'foreign data wrapper', w.fdwname::text, w.oid::text, format('FOREIGN DATA WRAPPER %%I', w.fdwname), NULL FROM pg_foreign_data_wrapper w
