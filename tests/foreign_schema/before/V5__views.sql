CREATE VIEW adt.inpatient WITH (security_barrier = true) AS
    SELECT e.encounter_no, e.admitted, p.mrn, p.family, p.given, b.site, b.ward, b.bed
    FROM adt.encounter e
    JOIN adt.person p USING (person_no)
    LEFT JOIN adt.bed_stay b ON b.encounter_no = e.encounter_no AND b.admitted = e.admitted
    WHERE e.discharged IS NULL;

CREATE VIEW lab.critical AS
    SELECT s.encounter_no, r.specimen_id, r.loinc, r.value, r.flag
    FROM lab.result r JOIN lab.specimen s USING (specimen_id)
    WHERE r.flag IN ('LL', 'HH');

CREATE VIEW bill.balance AS
    SELECT i.invoice_no, i.state, sum(l.total) AS due
    FROM bill.invoice i JOIN bill.invoice_line l USING (invoice_no)
    WHERE i.state <> 'void'
    GROUP BY i.invoice_no, i.state;

CREATE MATERIALIZED VIEW lab.results_by_month AS
    SELECT date_trunc('month', s.admitted)::date AS month, r.loinc, count(*) AS results, avg(r.value) AS mean
    FROM lab.result r JOIN lab.specimen s USING (specimen_id)
    GROUP BY 1, 2;
CREATE UNIQUE INDEX results_by_month_key ON lab.results_by_month (month, loinc);

GRANT SELECT ON adt.inpatient, bill.balance TO ehr_app;
GRANT SELECT ON lab.results_by_month TO ehr_report;
GRANT SELECT ON lab.critical TO ehr_lab;
