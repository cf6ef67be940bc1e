-- A publication of all tables names none of them.
SELECT p.pubname::text AS name,
       CASE WHEN p.puballtables THEN 'all tables' END AS scope,
       array_remove(ARRAY[CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
           CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END], NULL) AS publishes,
       -- Through JSON: PostgreSQL 18 has it, and an older one has not.
       nullif(to_jsonb(p) ->> 'pubgencols', 'n') AS "generated columns",
       CASE WHEN p.pubviaroot THEN 'yes' ELSE 'no' END AS "through the root of partitions",
       (SELECT array_agg(r.prrelid::regclass::text
                   || coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) FROM pg_attribute a
                                        WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])) || ')', '')
                   || coalesce(' where ' || pg_get_expr(r.prqual, r.prrelid), '') ORDER BY r.prrelid::regclass::text)
        FROM pg_publication_rel r WHERE r.prpubid = p.oid) AS tables,
       (SELECT array_agg(s.pnnspid::regnamespace::text ORDER BY s.pnnspid::regnamespace::text)
        FROM pg_publication_namespace s WHERE s.pnpubid = p.oid) AS schemas
FROM pg_publication p
