-- Who touched whose record, and were they allowed to. No foreign keys: the line outlives whom it is about.

CREATE TABLE audit_entries (
    id         bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz  NOT NULL DEFAULT now(),
    username   varchar(200) NOT NULL,
    action     varchar(64)  NOT NULL,
    patient_id uuid,
    allowed    boolean      NOT NULL
);
