-- Years of a hospital's work, the same on each run: no clock, no chance, and no hash whose result may differ between versions.
SET TIME ZONE 'UTC';
SET DATESTYLE TO 'ISO, YMD';
INSERT INTO adt.site VALUES
    ('NOR', 'North House', '{"town": "Århus", "lines": ["Nørregade 1", "8000"]}'),
    ('SUD', 'Südklinik', '{"town": "Graz", "lines": ["Straße des 1. Mai 4"]}');
INSERT INTO adt.ward
    SELECT s.code, w, 'Ward ' || w, CASE WHEN w % 3 = 0 THEN '{}' ELSE ARRAY['surgery', NULL, 'ward "' || w || '"'] END
    FROM adt.site s, generate_series(1, 8) w;
INSERT INTO adt.bed SELECT site, ward, b, (ward + b) % 17 = 0 FROM adt.ward, generate_series(1, 12) b;
INSERT INTO adt.person (mrn, family, given, born, sex, street, postcode, contact, photo)
SELECT 'M' || lpad((1000 + n * 7)::text, 7, '0'),
       (ARRAY['Müller', 'O''Brien', 'Nguyễn', 'Smith', 'García', 'de Vries', 'Šimić', '李', 'Kowalski', 'Þórsdóttir', 'Østergård'])[1 + n % 11],
       (ARRAY['Ana', 'Bo', 'Chloé', 'Dmitri', 'Eun-ji', 'Fatima', 'Gus'])[1 + n % 7] || CASE WHEN n % 13 = 0 THEN ' M.' ELSE '' END,
       CASE WHEN n % 97 = 0 THEN NULL ELSE DATE '1925-03-01' + (n * 37 % 36000) END,
       (ARRAY['F', 'M', 'F', 'M', 'X', 'U'])[1 + n % 6]::adt.sex,
       CASE WHEN n % 5 = 0 THEN NULL ELSE 'Main Street ' || n % 200 END,
       CASE WHEN n % 5 = 0 THEN NULL ELSE lpad((n % 9000)::text, 5, '0') END,
       jsonb_build_object('phone', '+45 ' || 20000000 + n * 11, 'mail', CASE WHEN n % 4 = 0 THEN NULL ELSE 'p' || n || '@example.org' END),
       CASE WHEN n % 9 = 0 THEN decode(repeat(md5(n::text), 1 + n % 40), 'hex') END
FROM generate_series(1, 1400) n;
UPDATE adt.person SET merged_into = person_no - 1 WHERE person_no % 200 = 0;
INSERT INTO adt.person_alias SELECT person_no, s, 'née ' || family, DATE '1990-01-01' + (person_no * s)::integer
    FROM adt.person, generate_series(1, 2) s WHERE person_no % 6 = 0;
INSERT INTO adt.allergy SELECT person_no, a, 1 + person_no % 5, TIMESTAMPTZ '2022-05-01 08:00:00+00' + person_no * INTERVAL '1 hour 7 minutes'
    FROM adt.person, unnest(ARRAY['penicillin', 'latex', 'nuts']) a WHERE (person_no + length(a)) % 5 = 0;
INSERT INTO adt.next_of_kin SELECT person_no, 1, 'Kin of ' || given || ' ' || family, NULLIF(contact ->> 'phone', '')
    FROM adt.person WHERE person_no % 3 <> 0;
INSERT INTO adt.encounter
SELECT nextval('adt.encounter_numbers'), d, CASE WHEN n % 31 = 0 THEN NULL ELSE d + n % 15 END, 1 + n * 11 % 1400,
       CASE WHEN n % 8 = 0 THEN NULL ELSE (ARRAY['red', 'orange', 'yellow', 'green', 'blue'])[1 + n % 5]::adt.triage END,
       (ARRAY['chest pain', 'fall', 'fever, cough', 'Δ-check', 'elective'])[1 + n % 5],
       d + TIME '10:00' + n * INTERVAL '13 seconds'
FROM (SELECT n, DATE '2023-01-01' + n * 1090 / 2600 AS d FROM generate_series(1, 2600) n) days ORDER BY n;
INSERT INTO adt.bed_stay
SELECT encounter_no, admitted, site, ward, bed, int4range(bed_no, bed_no + 1), daterange(admitted, COALESCE(discharged, admitted + 20), '[]')
FROM (SELECT e.*, (row_number() OVER (ORDER BY encounter_no) % 192)::integer AS bed_no FROM adt.encounter e) e
JOIN (SELECT b.*, row_number() OVER (ORDER BY site, ward, bed) - 1 AS k FROM adt.bed b) b ON b.k = e.bed_no;
INSERT INTO lab.analyte VALUES
    ('2345-7', 'Glucose', 'mg/dL', 70, 110), ('2951-2', 'Sodium', 'mmol/L', 135, 145), ('2823-3', 'Potassium', 'mmol/L', 3.5, 5.1),
    ('718-7', 'Haemoglobin', 'g/dL', 12, 17), ('6690-2', 'Leukocytes', '10*3/µL', 4, 11), ('1988-5', 'CRP', 'mg/L', 0.1, 5);
INSERT INTO lab.machine SELECT 'SN-' || n, ('10.20.0.' || n)::inet, n * INTERVAL '90 seconds',
    CASE WHEN n <> 3 THEN ('{"n": ' || n || '.50,  "unit": "µL"}')::json END, box(point(n, 0.1), point(-n, 1e-7)) FROM generate_series(1, 6) n;
INSERT INTO lab.machine VALUES ('SN-7', '10.20.0.7/31', '1 day', NULL, NULL);
INSERT INTO lab.calibration SELECT 'SN-' || (1 + n % 6), TIMESTAMP '2025-01-01' + n * INTERVAL '5 hours', (n % 7 - 3) / 700.0::double precision
    FROM generate_series(1, 400) n;
INSERT INTO lab.specimen
SELECT md5('specimen ' || encounter_no)::uuid, encounter_no, admitted, admitted + TIME '07:30' + (encounter_no % 600) * INTERVAL '1 minute',
       (ARRAY['EDTA', 'serum', 'citrate'])[1 + encounter_no % 3], CASE WHEN encounter_no % 10 = 0 THEN NULL ELSE (encounter_no % 50) / 7.0 END
FROM adt.encounter WHERE encounter_no % 4 <> 0;
INSERT INTO lab.result
SELECT specimen_id, loinc, v, lab.flag_of(v, low, high), CASE WHEN k % 6 <> 0 THEN 'mta' || k % 9 END,
       CASE WHEN k % 6 <> 0 THEN taken_at + INTERVAL '2 hours' END
FROM (SELECT s.*, a.*, row_number() OVER (ORDER BY encounter_no, loinc) AS k,
             round(a.low * (0.4 + (s.encounter_no * 31 + ascii(a.title) * 17) % 230 / 90.0), 4) AS v
      FROM lab.specimen s, lab.analyte a) draws WHERE k % 3 <> 0;
INSERT INTO lab.result_note (specimen_id, loinc, note)
SELECT specimen_id, loinc, E'called to the ward,\n"read back"\tby ' || COALESCE(verified_by, 'nobody')
FROM lab.result WHERE flag IN ('LL', 'HH') ORDER BY specimen_id, loinc LIMIT 300;
INSERT INTO rx.drug SELECT 'N0' || n % 6 || 'B' || chr(65 + n % 26) || lpad(n::text, 2, '0'), 'Substance ' || n, n % 9 = 0, CASE WHEN n % 4 <> 0 THEN n * 50.5 END
    FROM generate_series(1, 60) n;
INSERT INTO rx.interaction SELECT a.atc, b.atc, 1 + (ascii(right(a.atc, 1)) + ascii(right(b.atc, 1))) % 4
    FROM rx.drug a JOIN rx.drug b ON a.atc < b.atc AND (ascii(right(a.atc, 1)) * 3 + ascii(right(b.atc, 1))) % 11 = 0;
INSERT INTO rx.med_order (encounter_no, admitted, atc, ordered_at, prescriber, stopped_at)
SELECT encounter_no, admitted, atc, changed_at, 'dr' || encounter_no % 23, CASE WHEN encounter_no % 7 <> 0 THEN changed_at + INTERVAL '3 days' END
FROM adt.encounter JOIN (SELECT atc, row_number() OVER (ORDER BY atc) - 1 AS k FROM rx.drug) d ON d.k = encounter_no % 60
WHERE encounter_no % 2 = 0 ORDER BY encounter_no;
INSERT INTO rx.dose SELECT order_no, d, (1 + order_no % 40) * 2.5 + d, CASE WHEN d < 3 THEN ordered_at + d * INTERVAL '8 hours' END, CASE WHEN d < 3 THEN 'nurse' || order_no % 31 END
    FROM rx.med_order, generate_series(1, 3) d;
INSERT INTO bill.payer VALUES (1, 'State', NULL), (2, 'Private A', 'gold'), (3, 'Private A', 'silver'), (4, 'Self', NULL);
INSERT INTO bill.invoice (encounter_no, admitted, payer_id, issued, state)
SELECT encounter_no, admitted, 1 + encounter_no % 4, discharged + 7, (ARRAY['paid', 'paid', 'open', 'void'])[1 + encounter_no % 4]
FROM adt.encounter WHERE discharged IS NOT NULL AND encounter_no % 3 = 0 ORDER BY encounter_no;
INSERT INTO bill.invoice_line (invoice_no, line_no, service, quantity, unit_price)
SELECT invoice_no, l, 'S' || lpad((encounter_no * l % 300)::text, 4, '0'), 1 + encounter_no % 5, (encounter_no * 13 % 9000) / 10.0 + l
    FROM bill.invoice, generate_series(1, 2) l;
INSERT INTO bill.payment (invoice_no, kind, amount, booked)
SELECT invoice_no, CASE WHEN k % 8 = 0 THEN 'refund' ELSE 'payment' END, (k * 77 % 5000) / 10.0, issued + 14
FROM (SELECT i.*, row_number() OVER (ORDER BY invoice_no) AS k FROM bill.invoice i WHERE state = 'paid') paid ORDER BY invoice_no;
INSERT INTO sec.account SELECT 'user' || n, 'User ' || n, CASE WHEN n % 10 = 0 THEN '{admin,ward}'::text[] ELSE '{ward}' END, md5('secret' || n), CASE WHEN n % 6 = 0 THEN 'infinity' ELSE TIMESTAMPTZ '2030-01-01 00:00:00+00' END
    FROM generate_series(1, 80) n;
REFRESH MATERIALIZED VIEW lab.results_by_month;
ANALYZE;
