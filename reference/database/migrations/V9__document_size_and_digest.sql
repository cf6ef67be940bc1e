-- Release 2.0.0: every document's size and SHA-256, also of those already there, and file names without paths.
-- The release before writes neither, and file names with their paths: a trigger adds the ones and cuts the others.

ALTER TABLE documents
    ADD COLUMN size integer,
    ADD COLUMN sha256 varchar(64),
    ADD COLUMN tag varchar(64);

UPDATE documents
SET size = octet_length(content),
    sha256 = encode(sha256(content), 'hex'),
    file_name = coalesce(nullif(left(regexp_replace(file_name, '^.*[/\\]', ''), 255), ''), 'unnamed');

-- What may never be missing is declared NOT NULL with the contraction: until then a trigger writes it.
ALTER TABLE documents
    ADD CONSTRAINT documents_size_check CHECK (size BETWEEN 1 AND 2097152),
    ADD CONSTRAINT documents_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT documents_file_name_check CHECK (file_name ~ '^[^/\\]{1,255}$'),
    ADD CONSTRAINT documents_media_type_check
        CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'text/plain'));

CREATE FUNCTION complete_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.size := coalesce(NEW.size, octet_length(NEW.content));
    NEW.sha256 := coalesce(NEW.sha256, encode(sha256(NEW.content), 'hex'));
    NEW.file_name := coalesce(nullif(left(regexp_replace(NEW.file_name, '^.*[/\\]', ''), 255), ''), 'unnamed');
    RETURN NEW;
END
$$;

CREATE TRIGGER documents_complete BEFORE INSERT ON documents
    FOR EACH ROW EXECUTE FUNCTION complete_document();
