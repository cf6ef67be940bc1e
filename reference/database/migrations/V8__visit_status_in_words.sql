-- Release 2.0.0: a visit's status in words beside its number, a reason for every visit, and times that agree with the status.
-- The release before reads and writes the number: a trigger keeps both alike, and adds what that release leaves out.

ALTER TABLE visits
    ADD COLUMN status varchar(16),
    ADD COLUMN tag varchar(64);

-- The release before could discharge a visit that was never admitted: such a visit counts as admitted when it was opened.
UPDATE visits
SET status = CASE state WHEN 0 THEN 'open' WHEN 1 THEN 'admitted' WHEN 2 THEN 'discharged' ELSE 'cancelled' END,
    admitted_at = CASE WHEN state IN (1, 2) THEN coalesce(admitted_at, opened_at) END,
    reason = coalesce(nullif(btrim(reason), ''), 'Not recorded');

ALTER TABLE visits
    ADD CONSTRAINT visits_status_check CHECK (status IN ('open', 'admitted', 'discharged', 'cancelled')),
    ADD CONSTRAINT visits_reason_check CHECK (reason <> ''),
    ADD CONSTRAINT visits_admitted_at_check CHECK ((admitted_at IS NOT NULL) = (status IN ('admitted', 'discharged'))),
    ADD CONSTRAINT visits_discharged_at_check CHECK ((discharged_at IS NOT NULL) = (status = 'discharged'));

-- Where both are written, the word counts. Only what the release before wrote gets times: the new release writes its own.
CREATE FUNCTION keep_status_and_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF btrim(coalesce(NEW.reason, '')) = '' THEN
        NEW.reason := 'Not recorded';
    END IF;
    IF NEW.status IS NULL OR TG_OP = 'UPDATE'
        AND NEW.status IS NOT DISTINCT FROM OLD.status AND NEW.state IS DISTINCT FROM OLD.state
    THEN
        NEW.status := CASE NEW.state WHEN 0 THEN 'open' WHEN 1 THEN 'admitted' WHEN 2 THEN 'discharged' ELSE 'cancelled' END;
        NEW.admitted_at := CASE WHEN NEW.state IN (1, 2) THEN coalesce(NEW.admitted_at, NEW.opened_at) END;
        NEW.discharged_at := CASE WHEN NEW.state = 2 THEN coalesce(NEW.discharged_at, now()) END;
    ELSIF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status THEN
        NEW.state := CASE NEW.status WHEN 'open' THEN 0 WHEN 'admitted' THEN 1 WHEN 'discharged' THEN 2 ELSE 3 END;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER visits_keep_status_and_state BEFORE INSERT OR UPDATE ON visits
    FOR EACH ROW EXECUTE FUNCTION keep_status_and_state();
