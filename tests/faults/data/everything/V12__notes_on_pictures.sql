-- The release under judgement: a new table with its right, another option, one more table to publish.
CREATE TABLE picture_notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, picture int NOT NULL REFERENCES pictures, note text NOT NULL);
GRANT SELECT, INSERT ON picture_notes TO hospital_app;
ALTER TABLE beds_free SET (fillfactor = 80);
ALTER PUBLICATION to_the_warehouse ADD TABLE beds_free;
CREATE PUBLICATION to_the_ward FOR TABLE picture_notes;
-- The application reads no readings any more, and new tables are granted by scripts from now on.
REVOKE SELECT ON readings FROM hospital_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM hospital_app;
