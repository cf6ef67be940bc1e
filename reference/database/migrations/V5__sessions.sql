-- A session holds one refresh token, as a hash. Failures to sign in are kept as long as the throttle looks back.

CREATE TABLE sessions (
    id                 uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    username           varchar(200) NOT NULL REFERENCES staff (username) ON DELETE CASCADE,
    refresh_token_hash bytea        NOT NULL,
    created_at         timestamptz  NOT NULL DEFAULT now(),
    expires_at         timestamptz  NOT NULL,
    ended_at           timestamptz,
    CONSTRAINT sessions_refresh_token_hash_key UNIQUE (refresh_token_hash)
);

-- No foreign key: an unknown name is throttled like a known one.
CREATE TABLE sign_in_failures (
    username  varchar(200) NOT NULL,
    failed_at timestamptz  NOT NULL DEFAULT now()
);

CREATE INDEX sign_in_failures_by_username ON sign_in_failures (username, failed_at);
