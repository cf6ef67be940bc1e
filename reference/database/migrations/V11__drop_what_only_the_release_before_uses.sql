-- After the cutover's point of no return: nothing of the release before is left, so what was kept for it goes.
-- Not a script of the cutover's night. From here on no application of 1.9 works on this database.

DROP TRIGGER patients_keep_both_sexes ON patients;
DROP FUNCTION keep_both_sexes();
ALTER TABLE patients
    DROP COLUMN sex,
    ALTER COLUMN sex_in_words SET NOT NULL;

DROP TRIGGER visits_keep_status_and_state ON visits;
DROP FUNCTION keep_status_and_state();
ALTER TABLE visits
    DROP COLUMN state,
    ALTER COLUMN status SET DEFAULT 'open',
    ALTER COLUMN status SET NOT NULL,
    ALTER COLUMN reason SET NOT NULL;

DROP TRIGGER documents_complete ON documents;
DROP FUNCTION complete_document();
ALTER TABLE documents
    ALTER COLUMN size SET NOT NULL,
    ALTER COLUMN sha256 SET NOT NULL,
    ALTER COLUMN file_name TYPE varchar(255);

DROP TRIGGER sessions_copy_token ON sessions;
DROP FUNCTION copy_token_of_session();
DROP TRIGGER refresh_tokens_copy_token ON refresh_tokens;
DROP FUNCTION copy_token_to_session();
ALTER TABLE sessions
    DROP COLUMN refresh_token_hash,
    DROP COLUMN expires_at;

DROP TRIGGER audit_entries_keep_outcome_and_allowed ON audit_entries;
DROP FUNCTION keep_outcome_and_allowed();
ALTER TABLE audit_entries
    DROP COLUMN allowed,
    ALTER COLUMN outcome SET NOT NULL;
