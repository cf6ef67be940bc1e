-- Release 2.0.0: sex in words beside its letter, "unknown phone" as NULL, a tag for synthetic records, and search in any script.
-- The release before reads and writes the letter: a trigger keeps both alike.

ALTER TABLE patients
    ADD COLUMN tag varchar(64),
    ADD COLUMN sex_in_words varchar(16);

UPDATE patients
SET sex_in_words = CASE sex WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' WHEN 'O' THEN 'other' ELSE 'unknown' END,
    phone = nullif(phone, '');

ALTER TABLE patients
    ADD CONSTRAINT patients_sex_in_words_check CHECK (sex_in_words IN ('female', 'male', 'other', 'unknown')),
    ADD CONSTRAINT patients_phone_check CHECK (phone <> '');

-- Upper case, because it also brings both small Greek sigmas together. No name holds a line feed, so none matches across the two.
ALTER TABLE patients
    ADD COLUMN search_key text GENERATED ALWAYS AS (upper(family_name) || E'\n' || upper(given_name)) STORED;

CREATE INDEX patients_by_facility ON patients (facility, mrn);
CREATE INDEX patients_by_birth_date ON patients (birth_date);
CREATE INDEX patients_by_tag ON patients (tag) WHERE tag IS NOT NULL;

-- Where both are written, the word counts. A word that there is not is refused by its own constraint.
CREATE FUNCTION keep_both_sexes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.phone := nullif(NEW.phone, '');
    IF NEW.sex_in_words IS NULL OR TG_OP = 'UPDATE'
        AND NEW.sex_in_words IS NOT DISTINCT FROM OLD.sex_in_words AND NEW.sex IS DISTINCT FROM OLD.sex
    THEN
        NEW.sex_in_words :=
            CASE NEW.sex WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' WHEN 'O' THEN 'other' ELSE 'unknown' END;
    ELSIF TG_OP = 'INSERT' OR NEW.sex_in_words IS DISTINCT FROM OLD.sex_in_words THEN
        NEW.sex := CASE NEW.sex_in_words WHEN 'female' THEN 'F' WHEN 'male' THEN 'M' WHEN 'other' THEN 'O' ELSE 'U' END;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER patients_keep_both_sexes BEFORE INSERT OR UPDATE ON patients
    FOR EACH ROW EXECUTE FUNCTION keep_both_sexes();
