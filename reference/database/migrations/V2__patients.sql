-- One row a patient. Sex is one letter (F, M, O, U), and a phone number nobody knows is an empty text.

CREATE TABLE patients (
    id          uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    facility    varchar(32)  NOT NULL REFERENCES facilities (code),
    mrn         varchar(32)  NOT NULL,
    family_name varchar(200) NOT NULL,
    given_name  varchar(200) NOT NULL DEFAULT '',
    birth_date  date         NOT NULL,
    sex         varchar(16)  NOT NULL,
    phone       varchar(32),
    address     varchar(500),
    version     integer      NOT NULL DEFAULT 1,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    updated_at  timestamptz  NOT NULL DEFAULT now(),
    CONSTRAINT patients_mrn_key UNIQUE (mrn),
    CONSTRAINT patients_sex_check CHECK (sex IN ('F', 'M', 'O', 'U')),
    CONSTRAINT patients_birth_date_check CHECK (birth_date >= DATE '1880-01-01'),
    CONSTRAINT patients_version_check CHECK (version >= 1)
);
