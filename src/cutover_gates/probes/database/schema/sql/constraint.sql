-- A foreign key works through triggers; where they are disabled it is valid by name only. NOT NULL is told with its column.
-- A foreign key to a partitioned table has a copy for each partition, with a number for a name: it belongs to the partition.
SELECT n.nspname || '.' || c.relname || '.' || coalesce(copy.name, k.conname) AS name,
       'table ' || coalesce(copy.partition, n.nspname || '.' || c.relname) AS of,
       regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') AS definition,
       CASE WHEN k.convalidated THEN 'validated' ELSE 'NOT VALID' END AS state,
       (SELECT CASE bool_and(g.tgenabled IN ('O', 'A')) WHEN true THEN 'enabled' WHEN false THEN 'disabled' END
        FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgisinternal) AS "enforcing triggers"
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT root.conname || ' to ' || space.nspname || '.' || p.relname AS name, space.nspname || '.' || p.relname AS partition
    FROM pg_constraint parent JOIN pg_constraint root ON root.conrelid = k.conrelid AND root.conkey = k.conkey
    AND root.contype = 'f' AND root.confrelid = pg_partition_root(k.confrelid)
    JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace space ON space.oid = p.relnamespace
    WHERE parent.oid = k.conparentid AND parent.conrelid = k.conrelid ORDER BY root.conname LIMIT 1
) copy ON true
WHERE k.contype NOT IN ('n', 't') AND n.nspname = ANY (%(schemas)s)
