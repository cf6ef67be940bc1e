-- Release 2.0.0: sex in words, "unknown phone" as NULL, a tag for synthetic records, and search in any script.

ALTER TABLE patients ADD COLUMN tag varchar(64);

ALTER TABLE patients DROP CONSTRAINT patients_sex_check;

UPDATE patients
SET sex = CASE sex WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' WHEN 'O' THEN 'other' ELSE 'unknown' END,
    phone = nullif(phone, '');

ALTER TABLE patients
    ADD CONSTRAINT patients_sex_check CHECK (sex IN ('female', 'male', 'other', 'unknown')),
    ADD CONSTRAINT patients_phone_check CHECK (phone <> '');

-- Upper case, because it also brings both small Greek sigmas together. No name holds a line feed, so none matches across the two.
ALTER TABLE patients
    ADD COLUMN search_key text GENERATED ALWAYS AS (upper(family_name) || E'\n' || upper(given_name)) STORED;

CREATE INDEX patients_by_facility ON patients (facility, mrn);
CREATE INDEX patients_by_birth_date ON patients (birth_date);
CREATE INDEX patients_by_tag ON patients (tag) WHERE tag IS NOT NULL;
