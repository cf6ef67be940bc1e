-- What decides for SELinux, or for a masking extension, who sees the object, and how much of it.
SELECT l.provider || ' on ' || l.objtype || ' ' || l.objname AS name, array_agg(l.label ORDER BY l.label) AS labels
FROM pg_seclabels l LEFT JOIN pg_namespace n ON n.oid = l.objnamespace
WHERE l.objtype <> 'large object' AND (n.nspname IS NULL OR n.nspname = ANY (%(schemas)s))
GROUP BY 1
