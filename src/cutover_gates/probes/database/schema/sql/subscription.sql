-- Without the connection, which may hold a password and is a superuser's to read.
SELECT s.subname::text AS name,
       CASE WHEN s.subenabled THEN 'yes' ELSE 'no' END AS enabled,
       s.subslotname::text AS slot,
       CASE WHEN s.subbinary THEN 'binary' ELSE 'text' END AS format,
       CASE WHEN s.subdisableonerr THEN 'ends' ELSE 'is tried again' END AS "after an error",
       s.subsynccommit AS "synchronous commit",
       (SELECT array_agg(publication ORDER BY publication) FROM unnest(s.subpublications) publication) AS publications
FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
WHERE d.datname = current_database()
