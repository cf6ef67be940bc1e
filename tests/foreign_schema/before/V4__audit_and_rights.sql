CREATE SCHEMA sec;

CREATE TABLE sec.account (
    login text PRIMARY KEY,
    full_name text NOT NULL,
    roles text[] NOT NULL,
    secret_hash text NOT NULL,
    valid_until timestamptz DEFAULT 'infinity'
);

CREATE TABLE sec.change_log (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL DEFAULT current_user,
    relation text NOT NULL,
    action char(1) NOT NULL,
    old_row jsonb,
    new_row jsonb
);

CREATE FUNCTION sec.log_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, sec AS $$
BEGIN
    INSERT INTO sec.change_log (relation, action, old_row, new_row)
    VALUES (tg_table_schema || '.' || tg_table_name, left(tg_op, 1),
            CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END,
            CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END);
    RETURN NULL;
END
$$;

CREATE FUNCTION sec.log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'sec.change_log takes no %', tg_op;
END
$$;

CREATE FUNCTION adt.stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.changed_at := clock_timestamp();
    RETURN new;
END
$$;

CREATE TRIGGER person_logged AFTER INSERT OR UPDATE OR DELETE ON adt.person
    FOR EACH ROW EXECUTE FUNCTION sec.log_change();
CREATE TRIGGER med_order_logged AFTER INSERT OR UPDATE OR DELETE ON rx.med_order
    FOR EACH ROW EXECUTE FUNCTION sec.log_change();
CREATE TRIGGER account_logged AFTER UPDATE OR DELETE ON sec.account
    FOR EACH ROW EXECUTE FUNCTION sec.log_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON sec.change_log
    FOR EACH ROW EXECUTE FUNCTION sec.log_is_append_only();
CREATE TRIGGER encounter_stamped BEFORE UPDATE ON adt.encounter
    FOR EACH ROW EXECUTE FUNCTION adt.stamp_change();

ALTER TABLE adt.next_of_kin ENABLE ROW LEVEL SECURITY;
CREATE POLICY kin_for_the_wards ON adt.next_of_kin TO ehr_app USING (true);

REVOKE ALL ON FUNCTION sec.log_change() FROM PUBLIC;
GRANT USAGE ON SCHEMA adt, lab, rx, bill TO ehr_app, ehr_report;
GRANT USAGE ON SCHEMA lab TO ehr_lab;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA adt, rx, bill TO ehr_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA adt, rx, bill TO ehr_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA lab TO ehr_lab;
GRANT SELECT ON lab.result, lab.specimen, lab.analyte TO ehr_app;
GRANT SELECT (person_no, mrn, sex, born) ON adt.person TO ehr_report;
GRANT SELECT ON lab.analyte, rx.drug, bill.invoice, bill.invoice_line TO ehr_report;
