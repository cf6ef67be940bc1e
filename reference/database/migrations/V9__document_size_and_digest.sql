-- Release 2.0.0: every document's size and SHA-256, also of those already there, and file names without paths.

ALTER TABLE documents
    ADD COLUMN size integer,
    ADD COLUMN sha256 varchar(64),
    ADD COLUMN tag varchar(64);

UPDATE documents
SET size = octet_length(content),
    sha256 = encode(sha256(content), 'hex'),
    file_name = left(regexp_replace(file_name, '^.*[/\\]', ''), 255);

ALTER TABLE documents
    ALTER COLUMN size SET NOT NULL,
    ALTER COLUMN sha256 SET NOT NULL,
    ALTER COLUMN file_name TYPE varchar(255);

ALTER TABLE documents
    ADD CONSTRAINT documents_size_check CHECK (size BETWEEN 1 AND 2097152),
    ADD CONSTRAINT documents_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT documents_file_name_check CHECK (file_name ~ '^[^/\\]+$'),
    ADD CONSTRAINT documents_media_type_check
        CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'text/plain'));
