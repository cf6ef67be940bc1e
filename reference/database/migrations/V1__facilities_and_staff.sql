-- Who works here, and where.

CREATE TABLE facilities (
    code varchar(32) PRIMARY KEY,
    name varchar(200) NOT NULL
);

INSERT INTO facilities (code, name) VALUES
    ('north', 'North Hospital'),
    ('south', 'South Hospital');

CREATE TABLE staff (
    username      varchar(200) PRIMARY KEY,
    password_hash text         NOT NULL,
    role          varchar(32)  NOT NULL,
    facility      varchar(32)  NOT NULL REFERENCES facilities (code),
    created_at    timestamptz  NOT NULL DEFAULT now(),
    CONSTRAINT staff_role_check CHECK (role IN ('registrar', 'clinician', 'auditor', 'administrator'))
);
