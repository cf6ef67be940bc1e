-- Release 2.0.0: refresh tokens that rotate, requests that may be repeated, and an audit log that names its request.
-- A session opened by either release can be refreshed at both: triggers keep its newest token in both places.

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

-- The new release opens a session before it issues the first token.
ALTER TABLE sessions
    ALTER COLUMN refresh_token_hash DROP NOT NULL,
    ALTER COLUMN expires_at DROP NOT NULL;

-- With the owner's rights: the role of the release before has none on a table that it does not know.
CREATE FUNCTION copy_token_of_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at)
    VALUES (NEW.refresh_token_hash, NEW.id, NEW.created_at, NEW.expires_at)
    ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at
        WHERE refresh_tokens.session_id = excluded.session_id
            AND refresh_tokens.expires_at IS DISTINCT FROM excluded.expires_at;
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_copy_token AFTER INSERT OR UPDATE OF refresh_token_hash, expires_at ON sessions
    FOR EACH ROW WHEN (NEW.refresh_token_hash IS NOT NULL AND NEW.expires_at IS NOT NULL)
    EXECUTE FUNCTION copy_token_of_session();

CREATE FUNCTION copy_token_to_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE sessions SET refresh_token_hash = NEW.token_hash, expires_at = NEW.expires_at
    WHERE id = NEW.session_id AND refresh_token_hash IS DISTINCT FROM NEW.token_hash;
    RETURN NULL;
END
$$;

CREATE TRIGGER refresh_tokens_copy_token AFTER INSERT ON refresh_tokens
    FOR EACH ROW EXECUTE FUNCTION copy_token_to_session();

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

ALTER TABLE audit_entries
    ADD CONSTRAINT audit_entries_outcome_check CHECK (outcome IN ('allowed', 'refused'));

CREATE INDEX audit_entries_by_patient ON audit_entries (patient_id, id);

-- Entries are only ever added. Where both are written, the word counts.
CREATE FUNCTION keep_outcome_and_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.outcome IS NULL THEN
        NEW.outcome := CASE WHEN NEW.allowed THEN 'allowed' ELSE 'refused' END;
    ELSE
        NEW.allowed := NEW.outcome = 'allowed';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER audit_entries_keep_outcome_and_allowed BEFORE INSERT ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION keep_outcome_and_allowed();
