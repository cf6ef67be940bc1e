CREATE SCHEMA adt;

CREATE TYPE adt.sex AS ENUM ('F', 'M', 'X', 'U');
CREATE TYPE adt.triage AS ENUM ('red', 'orange', 'yellow', 'green', 'blue');
CREATE DOMAIN adt.mrn AS text CONSTRAINT mrn_shape CHECK (VALUE ~ '^M[0-9]{7}$');
CREATE DOMAIN adt.postcode AS varchar(10) CONSTRAINT postcode_shape CHECK (VALUE ~ '^[0-9A-Z -]+$');

CREATE TABLE adt.site (
    code char(3) PRIMARY KEY,
    title text NOT NULL,
    address jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE adt.ward (
    site char(3) NOT NULL REFERENCES adt.site (code),
    ward smallint NOT NULL,
    title text NOT NULL,
    specialties text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (site, ward)
);

CREATE TABLE adt.bed (
    site char(3) NOT NULL,
    ward smallint NOT NULL,
    bed smallint NOT NULL CHECK (bed > 0),
    out_of_order boolean NOT NULL DEFAULT false,
    PRIMARY KEY (site, ward, bed),
    FOREIGN KEY (site, ward) REFERENCES adt.ward (site, ward) ON UPDATE CASCADE
);

CREATE TABLE adt.person (
    person_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mrn adt.mrn NOT NULL,
    family text NOT NULL,
    given text NOT NULL,
    born date,
    sex adt.sex NOT NULL DEFAULT 'U',
    street text,
    postcode adt.postcode,
    contact jsonb NOT NULL DEFAULT '{}',
    photo bytea,
    sort_name text GENERATED ALWAYS AS (lower(family) || ', ' || lower(given)) STORED,
    merged_into bigint REFERENCES adt.person (person_no),
    CONSTRAINT person_born_possible CHECK (born > DATE '1890-01-01'),
    CONSTRAINT person_not_merged_into_itself CHECK (merged_into <> person_no)
);
CREATE UNIQUE INDEX person_mrn ON adt.person (mrn);
CREATE INDEX person_sort_name ON adt.person (sort_name text_pattern_ops);
CREATE INDEX person_contact ON adt.person USING gin (contact jsonb_path_ops);

CREATE TABLE adt.person_alias (
    person_no bigint NOT NULL REFERENCES adt.person (person_no) ON DELETE CASCADE,
    seq smallint NOT NULL,
    family text NOT NULL,
    since date NOT NULL,
    PRIMARY KEY (person_no, seq)
);

CREATE TABLE adt.allergy (
    person_no bigint NOT NULL REFERENCES adt.person (person_no),
    substance text NOT NULL,
    severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 5),
    recorded timestamptz NOT NULL,
    PRIMARY KEY (person_no, substance)
);

CREATE TABLE adt.next_of_kin (
    person_no bigint NOT NULL REFERENCES adt.person (person_no),
    rank smallint NOT NULL,
    full_name text NOT NULL,
    phone text,
    PRIMARY KEY (person_no, rank)
);

CREATE TABLE adt.encounter (
    encounter_no bigint NOT NULL,
    admitted date NOT NULL,
    discharged date,
    person_no bigint NOT NULL REFERENCES adt.person (person_no),
    triage adt.triage,
    reason text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (encounter_no, admitted),
    CONSTRAINT encounter_ends_after_start CHECK (discharged >= admitted)
) PARTITION BY RANGE (admitted);
CREATE TABLE adt.encounter_y2023 PARTITION OF adt.encounter FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE adt.encounter_y2024 PARTITION OF adt.encounter FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE adt.encounter_y2025 PARTITION OF adt.encounter FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX encounter_person ON adt.encounter (person_no, admitted DESC);
CREATE INDEX encounter_open ON adt.encounter (admitted) WHERE discharged IS NULL;
CREATE SEQUENCE adt.encounter_numbers START 100000;

CREATE TABLE adt.bed_stay (
    encounter_no bigint NOT NULL,
    admitted date NOT NULL,
    site char(3) NOT NULL,
    ward smallint NOT NULL,
    bed smallint NOT NULL,
    bed_key int4range NOT NULL,
    during daterange NOT NULL,
    PRIMARY KEY (encounter_no, admitted, during),
    FOREIGN KEY (encounter_no, admitted) REFERENCES adt.encounter (encounter_no, admitted),
    FOREIGN KEY (site, ward, bed) REFERENCES adt.bed (site, ward, bed),
    CONSTRAINT one_patient_in_a_bed EXCLUDE USING gist (bed_key WITH &&, during WITH &&)
);
COMMENT ON TABLE adt.bed_stay IS 'Who lay where; a bed holds one patient at a time.';
