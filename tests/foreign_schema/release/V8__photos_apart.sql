-- Moved: photos leave the patient's row.
CREATE TABLE adt.person_photo (
    person_no bigint PRIMARY KEY REFERENCES adt.person (person_no),
    photo bytea NOT NULL
);
INSERT INTO adt.person_photo SELECT person_no, photo FROM adt.person WHERE photo IS NOT NULL;
ALTER TABLE adt.person DROP COLUMN photo;
GRANT SELECT, INSERT, UPDATE ON adt.person_photo TO ehr_app;
