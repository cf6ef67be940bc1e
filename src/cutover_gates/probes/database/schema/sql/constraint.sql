-- A foreign key works through triggers; where they are disabled it is valid by name only. NOT NULL is told with its column.
SELECT n.nspname || '.' || c.relname || '.' || k.conname AS name,
       'table ' || n.nspname || '.' || c.relname AS of,
       regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') AS definition,
       CASE WHEN k.convalidated THEN 'validated' ELSE 'NOT VALID' END AS state,
       (SELECT CASE bool_and(g.tgenabled IN ('O', 'A')) WHEN true THEN 'enabled' WHEN false THEN 'disabled' END
        FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgisinternal) AS "enforcing triggers"
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype NOT IN ('n', 't') AND n.nspname = ANY (%(schemas)s)
