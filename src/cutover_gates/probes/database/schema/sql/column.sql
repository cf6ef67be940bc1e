-- NOT NULL may itself be NOT VALID since PostgreSQL 18. A generated column's expression stands where others have their default.
SELECT n.nspname || '.' || c.relname || '.' || a.attname AS name,
       CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || n.nspname || '.' || c.relname AS of,
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN NOT a.attnotnull THEN 'allowed'
            WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum])
            THEN 'refused, but NOT VALID' ELSE 'refused' END AS nulls,
       CASE a.attgenerated WHEN '' THEN pg_get_expr(e.adbin, e.adrelid) END AS "default",
       CASE a.attgenerated WHEN 's' THEN 'stored ' || pg_get_expr(e.adbin, e.adrelid)
                           WHEN 'v' THEN 'virtual ' || pg_get_expr(e.adbin, e.adrelid) END AS "generation",
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
       CASE WHEN a.attcollation <> t.typcollation
            THEN (SELECT l.collnamespace::regnamespace::text || '.' || quote_ident(l.collname) FROM pg_collation l WHERE l.oid = a.attcollation)
            END AS collation
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname = ANY (%(schemas)s)
