-- Release 2.0.0: a visit's status in words, a reason for every visit, and times that agree with the status.

ALTER TABLE visits
    ADD COLUMN status varchar(16) NOT NULL DEFAULT 'open',
    ADD COLUMN tag varchar(64);

-- The release before could discharge a visit that was never admitted: such a visit counts as admitted when it was opened.
UPDATE visits
SET status = CASE state WHEN 0 THEN 'open' WHEN 1 THEN 'admitted' WHEN 2 THEN 'discharged' ELSE 'cancelled' END,
    admitted_at = CASE WHEN state IN (1, 2) THEN coalesce(admitted_at, opened_at) END,
    reason = coalesce(nullif(btrim(reason), ''), 'Not recorded');

ALTER TABLE visits DROP COLUMN state;
ALTER TABLE visits ALTER COLUMN reason SET NOT NULL;

ALTER TABLE visits
    ADD CONSTRAINT visits_status_check CHECK (status IN ('open', 'admitted', 'discharged', 'cancelled')),
    ADD CONSTRAINT visits_reason_check CHECK (reason <> ''),
    ADD CONSTRAINT visits_admitted_at_check CHECK ((admitted_at IS NOT NULL) = (status IN ('admitted', 'discharged'))),
    ADD CONSTRAINT visits_discharged_at_check CHECK ((discharged_at IS NOT NULL) = (status = 'discharged'));
