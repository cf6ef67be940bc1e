SELECT e.evtname AS name, e.evtevent AS event, e.evttags AS tags, e.evtfoid::regprocedure::text AS function,
       CASE e.evtenabled WHEN 'O' THEN 'enabled' WHEN 'A' THEN 'enabled always' WHEN 'R' THEN 'enabled on replicas only' ELSE 'disabled' END AS state
FROM pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
