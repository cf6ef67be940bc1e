-- Added: a table, and constraints that the old release kept in its code only.
CREATE TABLE adt.consent (
    person_no bigint NOT NULL REFERENCES adt.person (person_no),
    topic text NOT NULL,
    given boolean NOT NULL DEFAULT false,
    PRIMARY KEY (person_no, topic)
);
INSERT INTO adt.consent SELECT person_no, 'research', false FROM adt.person WHERE merged_into IS NULL;
GRANT SELECT, INSERT, UPDATE ON adt.consent TO ehr_app;

ALTER TABLE adt.encounter ADD CONSTRAINT encounter_nights_not_negative CHECK (nights >= 0);
ALTER TABLE rx.dose ADD CONSTRAINT dose_given_by_somebody CHECK ((given_at IS NULL) = (given_by IS NULL)) NOT VALID;
ALTER TABLE rx.dose VALIDATE CONSTRAINT dose_given_by_somebody;
ALTER TABLE bill.payment ADD CONSTRAINT payment_once_a_day UNIQUE (invoice_no, booked, amount);
CREATE INDEX dose_given_at ON rx.dose (given_at);
