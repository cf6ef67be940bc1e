-- An index that carries a constraint goes with it.
SELECT n.nspname || '.' || i.relname AS name,
       coalesce((SELECT 'constraint ' || n.nspname || '.' || c.relname || '.' || k.conname FROM pg_constraint k
                 WHERE k.conindid = x.indexrelid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')),
                CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || n.nspname || '.' || c.relname) AS of,
       pg_get_indexdef(x.indexrelid) AS definition,
       CASE WHEN x.indisvalid AND x.indisready AND x.indislive THEN 'valid' ELSE 'invalid' END AS state,
       (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = x.indexrelid) AS "parent"
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname = ANY (%(schemas)s)
