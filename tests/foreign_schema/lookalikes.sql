-- What PostgreSQL itself calls equal, or what stands beside the tables. All of it is planted at once.

-- fault: a list that became a list of lists
-- finding: ROWS-008 & | ward | & columns specialties
UPDATE adt.ward SET specialties = ARRAY[specialties] WHERE ward = 4;

-- fault: a day read as 24 hours
-- finding: ROWS-008 & lab.machine | & columns warm_up
UPDATE lab.machine SET warm_up = '24 hours' WHERE warm_up = '1 day';

-- fault: letters taken apart from their accents
-- finding: ROWS-008 & person_alias & columns family
UPDATE adt.person_alias SET family = normalize(family, NFD) WHERE person_no % 60 = 0;

-- fault: a document without its empty field
-- finding: ROWS-008 & | person | & columns contact
SET session_replication_role = replica;
UPDATE adt.person SET contact = jsonb_strip_nulls(contact) WHERE person_no % 400 = 0;
SET session_replication_role = origin;

-- fault: a microsecond cut off
-- finding: ROWS-008 & allergy & columns recorded
UPDATE adt.allergy SET recorded = recorded + INTERVAL '1 microsecond' WHERE person_no = 6;

-- fault: the audit rewritten
-- finding: ROWS-008 & sec.change_log & columns
SET session_replication_role = replica;
UPDATE sec.change_log SET who = 'nobody' WHERE entry = 33;
SET session_replication_role = origin;

-- fault: a note on the wrong result
-- finding: ROWS-008 & lab.result_note & columns
UPDATE lab.result_note a SET specimen_id = b.specimen_id, loinc = b.loinc FROM lab.result_note b
    WHERE a.note_id = 11 AND b.note_id = 12;

-- fault: a sequence with a low end
-- finding: DATA-012 & person_person_no_seq
-- finding: SCHEMA-001 & person_person_no_seq
ALTER SEQUENCE adt.person_person_no_seq MAXVALUE 1450;

-- fault: a sequence that begins again
-- finding: SCHEMA-001 & payment_payment_id_seq & cycle
ALTER SEQUENCE bill.payment_payment_id_seq CYCLE;

-- fault: a privileged function without its privilege
-- finding: SCHEMA-001 & sec.log_change() & SECURITY DEFINER
ALTER FUNCTION sec.log_change() SECURITY INVOKER;

-- fault: one year without its stamps
-- finding: SCHEMA-001 & encounter_y2024.encounter_stamped & disabled
-- finding: DATA-002 & encounter_y2024.encounter_stamped
ALTER TABLE adt.encounter_y2024 DISABLE TRIGGER encounter_stamped;

-- fault: a key that is checked late
-- finding: SCHEMA-001 & allergy_person_no_fkey & DEFERRABLE
ALTER TABLE adt.allergy ALTER CONSTRAINT allergy_person_no_fkey DEFERRABLE INITIALLY DEFERRED;

-- fault: an index over fewer rows
-- finding: SCHEMA-001 & result_critical
DROP INDEX lab.result_critical;
CREATE INDEX result_critical ON lab.result (flag) WHERE flag = 'HH';

-- fault: times of another zone
-- finding: SCHEMA-007 & TimeZone=America/New_York
ALTER DATABASE ehr SET timezone = 'America/New_York';

-- fault: an application with another search path
-- finding: SCHEMA-008 & role ehr_app & search_path
ALTER ROLE ehr_app SET search_path = 'lab, public';

-- fault: a column without its collation
-- finding: SCHEMA-001 & bill.payer.title & collation
ALTER TABLE bill.payer ALTER COLUMN title TYPE text COLLATE "C";

-- fault: a materialised view that two sessions cannot refresh
-- finding: SCHEMA-001 & results_by_month_key
DROP INDEX lab.results_by_month_key;
