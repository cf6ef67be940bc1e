-- One row a document, its bytes included. The file name is kept as the workstation sent it, path and all.

CREATE TABLE documents (
    id          uuid          PRIMARY KEY DEFAULT gen_random_uuid(),
    patient_id  uuid          NOT NULL REFERENCES patients (id),
    file_name   varchar(1000) NOT NULL,
    media_type  varchar(100)  NOT NULL,
    content     bytea         NOT NULL,
    uploaded_by varchar(200)  NOT NULL REFERENCES staff (username),
    uploaded_at timestamptz   NOT NULL DEFAULT now()
);

CREATE INDEX documents_by_patient ON documents (patient_id, uploaded_at, id);
