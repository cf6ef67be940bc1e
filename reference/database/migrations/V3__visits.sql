-- One row a visit. State is a number: 0 open, 1 admitted, 2 discharged, 3 cancelled. A reason may be missing.

CREATE TABLE visits (
    id            uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    patient_id    uuid        NOT NULL REFERENCES patients (id),
    state         smallint    NOT NULL DEFAULT 0,
    reason        varchar(500),
    opened_at     timestamptz NOT NULL DEFAULT now(),
    admitted_at   timestamptz,
    discharged_at timestamptz,
    CONSTRAINT visits_state_check CHECK (state BETWEEN 0 AND 3)
);

CREATE INDEX visits_by_patient ON visits (patient_id, opened_at, id);
