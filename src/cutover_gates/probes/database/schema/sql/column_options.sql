-- Only the columns that are stored or counted otherwise than their type is.
SELECT n.nspname || '.' || c.relname || '.' || a.attname AS name,
       'column ' || n.nspname || '.' || c.relname || '.' || a.attname AS of,
       CASE WHEN a.attstorage <> t.typstorage THEN
           CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END AS storage,
       CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
       nullif(a.attstattarget, -1)::int AS "statistics target",
       (SELECT array_agg(option ORDER BY option) FROM unnest(a.attoptions) option) AS options
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm') AND n.nspname = ANY (%(schemas)s)
  AND (a.attstorage <> t.typstorage OR a.attcompression <> '' OR nullif(a.attstattarget, -1) IS NOT NULL OR a.attoptions IS NOT NULL)
