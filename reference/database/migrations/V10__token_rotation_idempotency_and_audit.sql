-- Release 2.0.0: refresh tokens that rotate, requests that may be repeated, and an audit log that names its request.

-- A used token stays, so that its second use is recognised.
CREATE TABLE refresh_tokens (
    token_hash bytea       PRIMARY KEY,
    session_id uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at)
SELECT refresh_token_hash, id, created_at, expires_at FROM sessions;

ALTER TABLE sessions DROP COLUMN refresh_token_hash, DROP COLUMN expires_at;

CREATE TABLE idempotency_keys (
    username    varchar(200) NOT NULL REFERENCES staff (username) ON DELETE CASCADE,
    key         varchar(64)  NOT NULL,
    body_sha256 varchar(64)  NOT NULL,
    patient_id  uuid         REFERENCES patients (id) ON DELETE CASCADE,
    answer      text,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    PRIMARY KEY (username, key)
);

CREATE INDEX idempotency_keys_by_patient ON idempotency_keys (patient_id);

ALTER TABLE audit_entries
    ADD COLUMN outcome varchar(16),
    ADD COLUMN request_id varchar(64);

UPDATE audit_entries SET outcome = CASE WHEN allowed THEN 'allowed' ELSE 'refused' END;

ALTER TABLE audit_entries DROP COLUMN allowed;
ALTER TABLE audit_entries
    ALTER COLUMN outcome SET NOT NULL,
    ADD CONSTRAINT audit_entries_outcome_check CHECK (outcome IN ('allowed', 'refused'));

CREATE INDEX audit_entries_by_patient ON audit_entries (patient_id, id);
