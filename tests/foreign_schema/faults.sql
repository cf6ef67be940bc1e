-- What a DBA knows to go wrong in a night like this one. All of it is planted at once, after the migration.
-- `finding`: words of a finding; the first one names the fault, the others follow from it.

-- fault: critical results lost
-- finding: ROWS-001 & lab.result | & 7793 rows
-- finding: ROWS-001 & lab.result_note | & 291 rows
-- finding: OBJECT-005 & lab.results_by_month
DELETE FROM lab.result_note WHERE (specimen_id, loinc) IN
    (SELECT specimen_id, loinc FROM lab.result WHERE flag = 'HH' ORDER BY specimen_id, loinc LIMIT 9);
DELETE FROM lab.result WHERE (specimen_id, loinc) IN
    (SELECT specimen_id, loinc FROM lab.result WHERE flag = 'HH' ORDER BY specimen_id, loinc LIMIT 7)
    AND NOT EXISTS (SELECT FROM lab.result_note n WHERE n.specimen_id = result.specimen_id AND n.loinc = result.loinc);

-- fault: doses ten times as high
-- finding: ROWS- & rx.dose | & columns mg
UPDATE rx.dose SET mg = mg * 10 WHERE order_no IN (77, 78, 79) AND dose_no = 2;

-- fault: two patients with each other's record number
-- finding: ROWS-008 & | person | & columns mrn & 101, 102
-- finding: ROWS-001 & sec.change_log
UPDATE adt.person SET mrn = CASE person_no WHEN 101 THEN 'M9999999' ELSE mrn END WHERE person_no = 101;
UPDATE adt.person SET mrn = 'M0001707' WHERE person_no = 102;
UPDATE adt.person SET mrn = 'M0001714' WHERE person_no = 101;

-- fault: names read in the wrong encoding
-- finding: ROWS-008 & person_alias & columns family (12 keys)
UPDATE adt.person_alias SET family = convert_from(convert_to(family, 'UTF8'), 'LATIN1') WHERE person_no BETWEEN 60 AND 90;

-- fault: prescriptions lost in the rename
-- finding: ROWS-001 & rx.prescription & 1280 rows
-- finding: ROWS-001 & rx.dose & 3840 rows
DELETE FROM rx.dose WHERE order_no BETWEEN 500 AND 519;
DELETE FROM rx.prescription WHERE order_no BETWEEN 500 AND 519;

-- fault: refunds booked twice over and short of one
-- finding: ROWS-001 & bill.refund
DELETE FROM bill.refund WHERE payment_id = (SELECT min(payment_id) FROM bill.refund);
UPDATE bill.refund SET amount = amount + 1 WHERE payment_id = (SELECT max(payment_id) FROM bill.refund);

-- fault: photos cut off
-- finding: ROWS-008 & person_photo & photo
UPDATE adt.person_photo SET photo = substr(photo, 1, 10) WHERE person_no IN (9, 18, 27, 36);

-- fault: nights one too many
-- finding: ROWS-008 & encounter & nights
SET session_replication_role = replica;
UPDATE adt.encounter SET nights = nights + 1 WHERE encounter_no BETWEEN 100100 AND 100139;
SET session_replication_role = origin;

-- fault: results without a foreign key
-- finding: SCHEMA-001 & result_of_a_specimen & absent
ALTER TABLE lab.result DROP CONSTRAINT result_of_a_specimen;

-- fault: orphans behind a foreign key
-- finding: DATA-003 & allergy_person_no_fkey & 999999
-- finding: ROWS-001 & | allergy | & 841 rows
SET session_replication_role = replica;
INSERT INTO adt.allergy VALUES (999999, 'latex', 3, '2025-01-01 00:00:00+00');
SET session_replication_role = origin;

-- fault: an index left behind by a build that failed
-- finding: DATA-002 & person_mrn & invalid
-- finding: SCHEMA-001 & person_mrn & invalid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'adt.person_mrn'::regclass;

-- fault: auditing off
-- finding: DATA-002 & person_logged & switched off
-- finding: SCHEMA-001 & person_logged & disabled
ALTER TABLE adt.person DISABLE TRIGGER person_logged;

-- fault: a sequence behind its column
-- finding: DATA-011 & rx.prescription.order_no & 101
SELECT setval('rx.order_numbers', 100);

-- fault: secrets for everybody
-- finding: SCHEMA-004 & sec.account & SELECT
-- finding: SCHEMA-004 & schema sec & USAGE
-- finding: SCHEMA-014 & sec.account
GRANT USAGE ON SCHEMA sec TO PUBLIC;
GRANT SELECT ON sec.account TO PUBLIC;

-- fault: row security off
-- finding: SCHEMA-009 & next_of_kin & row security
-- finding: SCHEMA-001 & next_of_kin & row security
ALTER TABLE adt.next_of_kin DISABLE ROW LEVEL SECURITY;

-- fault: a partition detached
-- finding: ROWS-001 & lab.calibration | & 133 rows
-- finding: SCHEMA-001 & lab.calibration_1
-- finding: ROWS-003 & lab.calibration_1
ALTER TABLE lab.calibration DETACH PARTITION lab.calibration_1;
