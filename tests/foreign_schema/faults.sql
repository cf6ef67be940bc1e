-- What a DBA knows to go wrong in a night like this one. All of it is planted at once, after the migration.

-- fault: critical results lost
DELETE FROM lab.result_note WHERE (specimen_id, loinc) IN
    (SELECT specimen_id, loinc FROM lab.result WHERE flag = 'HH' ORDER BY specimen_id, loinc LIMIT 9);
DELETE FROM lab.result WHERE (specimen_id, loinc) IN
    (SELECT specimen_id, loinc FROM lab.result WHERE flag = 'HH' ORDER BY specimen_id, loinc LIMIT 7)
    AND NOT EXISTS (SELECT FROM lab.result_note n WHERE n.specimen_id = result.specimen_id AND n.loinc = result.loinc);

-- fault: doses ten times as high
UPDATE rx.dose SET mg = mg * 10 WHERE order_no IN (77, 78, 79) AND dose_no = 2;

-- fault: two patients with each other's record number
UPDATE adt.person SET mrn = CASE person_no WHEN 101 THEN 'M9999999' ELSE mrn END WHERE person_no = 101;
UPDATE adt.person SET mrn = 'M0001707' WHERE person_no = 102;
UPDATE adt.person SET mrn = 'M0001714' WHERE person_no = 101;

-- fault: names read in the wrong encoding
UPDATE adt.person_alias SET family = convert_from(convert_to(family, 'UTF8'), 'LATIN1') WHERE person_no BETWEEN 60 AND 90;

-- fault: prescriptions lost in the rename
DELETE FROM rx.dose WHERE order_no BETWEEN 500 AND 519;
DELETE FROM rx.prescription WHERE order_no BETWEEN 500 AND 519;

-- fault: refunds booked twice over and short of one
DELETE FROM bill.refund WHERE payment_id = (SELECT min(payment_id) FROM bill.refund);
UPDATE bill.refund SET amount = amount + 1 WHERE payment_id = (SELECT max(payment_id) FROM bill.refund);

-- fault: photos cut off
UPDATE adt.person_photo SET photo = substr(photo, 1, 10) WHERE person_no IN (9, 18, 27, 36);

-- fault: nights one too many
SET session_replication_role = replica;
UPDATE adt.encounter SET nights = nights + 1 WHERE encounter_no BETWEEN 100100 AND 100139;
SET session_replication_role = origin;

-- fault: results without a foreign key
ALTER TABLE lab.result DROP CONSTRAINT result_of_a_specimen;

-- fault: orphans behind a foreign key
SET session_replication_role = replica;
INSERT INTO adt.allergy VALUES (999999, 'latex', 3, '2025-01-01 00:00:00+00');
SET session_replication_role = origin;

-- fault: an index left behind by a build that failed
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'adt.person_mrn'::regclass;

-- fault: auditing off
ALTER TABLE adt.person DISABLE TRIGGER person_logged;

-- fault: a sequence behind its column
SELECT setval('rx.order_numbers', 100);

-- fault: secrets for everybody
GRANT USAGE ON SCHEMA sec TO PUBLIC;
GRANT SELECT ON sec.account TO PUBLIC;

-- fault: row security off
ALTER TABLE adt.next_of_kin DISABLE ROW LEVEL SECURITY;

-- fault: a partition detached
ALTER TABLE lab.calibration DETACH PARTITION lab.calibration_1;
