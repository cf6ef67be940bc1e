"""What happens to a whole database without harm to its data."""

from __future__ import annotations

REWRITTEN = (
    "VACUUM FULL adt.person",
    "CLUSTER adt.allergy USING allergy_pkey",
    "REINDEX DATABASE ehr",
    # The same values in other bytes and other places.
    "SET session_replication_role = replica",
    "UPDATE adt.person SET contact = contact::text::jsonb WHERE person_no % 3 = 0",
    'UPDATE adt.site SET address = \'{"lines": ["Nørregade 1", "8000"],  "town": "Århus"}\''
    " WHERE code = 'NOR'",
    "UPDATE lab.result SET value = value::text::numeric WHERE flag = 'HH'",
    "RESET session_replication_role",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY lab.results_by_month",
    "COMMENT ON TABLE adt.person IS 'one row for each patient'",
    "COMMENT ON COLUMN adt.person.mrn IS 'printed on the wristband'",
    "COMMENT ON TABLE adt.bed_stay IS NULL",
    "VACUUM (ANALYZE, FREEZE)",
)
"""Statements of a night's maintenance, each in a transaction of its own."""

MANY_TABLES = """
CREATE SCHEMA old;
DO $$
BEGIN
    FOR n IN 1..300 LOOP
        EXECUTE format('CREATE TABLE old.batch_%s (id integer PRIMARY KEY, note text)', n);
        EXECUTE format('INSERT INTO old.batch_%s SELECT k, ''n'' || k FROM generate_series(1, %s) k',
                       n, n % 5);
    END LOOP;
END
$$;
CREATE FOREIGN DATA WRAPPER gone;
CREATE SERVER archive FOREIGN DATA WRAPPER gone;
CREATE FOREIGN TABLE old.archived_result (specimen_id uuid, value numeric) SERVER archive;
"""
"""The first script of the release before: as many tables as a real hospital has.

The foreign table's server is dead: PostgreSQL refuses to read it.
"""

OF_A_JOB = """
CREATE TABLE adt.encounter_y2026 PARTITION OF adt.encounter
    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
"""What a job made before the migration, and no script."""

NEXT_PARTITION = """
CREATE TABLE adt.encounter_y2027 PARTITION OF adt.encounter
    FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
"""
"""What a job adds on its day, after the snapshot."""

WORK = (
    "INSERT INTO adt.person (mrn, family, given) SELECT 'M' || 9000000 + count(*), 'New', 'Born'"
    " FROM adt.person",
    "INSERT INTO adt.encounter SELECT nextval('adt.encounter_numbers'), '2025-12-24', NULL, 7, 'red',"
    " 'fall', now()",
    "INSERT INTO rx.prescription (encounter_no, admitted, atc, ordered_at, prescribed_by)"
    " SELECT encounter_no, admitted, (SELECT min(atc) FROM rx.drug), now(), 'dr1'"
    " FROM adt.encounter ORDER BY encounter_no DESC LIMIT 1",
    "INSERT INTO rx.dose SELECT max(order_no), 1, 2.5 FROM rx.prescription",
)
"""Statements of people at work; the audit table grows with them."""

GROWS = {
    "adt.person": "person_no",
    "adt.encounter": "encounter_no",
    "rx.prescription": "order_no",
    "rx.dose": "order_no",
    "sec.change_log": "entry",
}
"""The columns that only grow, where people work."""
