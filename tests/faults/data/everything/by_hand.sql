-- What the hospital's administrators made and filled, which no script knows.
SELECT lo_from_bytea(50000 + number, convert_to(repeat('picture ' || number, 400), 'UTF8')) FROM generate_series(1, 40) number;
INSERT INTO pictures SELECT number, DATE '2026-01-01' + number, 50000 + number, 50000 + number FROM generate_series(1, 40) number;
GRANT SELECT ON LARGE OBJECT 50001 TO hospital_app;
SELECT setval('wristbands', 48211);
SELECT setval('places_left', 4100);
SELECT setval('queue_letters', 17);
REFRESH MATERIALIZED VIEW pictures_by_day;
-- This view is refreshed once a week, so it is behind its table.
UPDATE beds_free SET beds = 5 WHERE ward = 'north';

GRANT SELECT ON pictures, beds_free, readings, pictures_by_day TO hospital_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO hospital_app;
CREATE PUBLICATION to_the_laboratory FOR TABLE beds_free WHERE (beds > 0) WITH (publish = 'insert, update');
ALTER TABLE pictures REPLICA IDENTITY FULL;
ALTER TABLE pictures SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 90);
ALTER TABLE pictures ALTER COLUMN taken SET STATISTICS 500;
ALTER TABLE beds_free SET (autovacuum_analyze_threshold = 20);
ALTER TABLE beds_free ALTER COLUMN ward SET STORAGE MAIN;
CREATE COLLATION by_letter (lc_collate = 'C', lc_ctype = 'POSIX');
CREATE OPERATOR <~ (LEFTARG = blood_group, RIGHTARG = blood_group, FUNCTION = may_receive);
CREATE USER MAPPING FOR hospital_app SERVER lake OPTIONS (user 'app');
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION note_change();
CREATE SCHEMA reporting;
CREATE TABLE reporting.admissions_by_month (month date PRIMARY KEY, admissions int NOT NULL);
ANALYZE;
